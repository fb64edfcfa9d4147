//! Loading a scenario: files that extend one another, then `--set` overrides, each checked where
//! it was written so that an error can point at it.

use core::ops::Range;
use std::path::{Path, PathBuf};

use miette::{Diagnostic, NamedSource, SourceSpan};
use serde::Deserialize as _;
use toml::{Table, Value, de::DeTable};

use super::{
    Scenario, check,
    shipped::{self, shipped},
};

/// Files that may extend one another.
const EXTENDS_MAX: usize = 8;

/// Tables that stand for an enum: a layer that names another variant replaces the whole table.
const ENUMS: &[&[&str]] = &[
    &["network", "swarms"],
    &["network", "latency"],
    &["network", "jitter"],
    &["clients", "graph"],
    &["workload", "size"],
];

/// Keys that hold a path, relative to the place they are written in.
const PATHS: &[&[&str]] = &[&["workload", "trace", "file"]];

/// Access to files, given by whoever may touch them.
pub trait Loader {
    /// The text of a file.
    ///
    /// # Errors
    /// A sentence for people when it cannot be read.
    fn read(&self, path: &Path) -> Result<String, String>;

    /// The path made absolute against the working directory.
    fn absolute(&self, path: &Path) -> PathBuf;
}

/// A scenario could not be loaded: where, why, and what to do.
#[derive(Debug, Diagnostic, thiserror::Error)]
#[error(transparent)]
#[diagnostic(transparent)]
pub struct ScenarioError(Box<Finding>);

#[derive(Debug, Diagnostic, thiserror::Error)]
#[error("{message}")]
struct Finding {
    message: String,
    #[source_code]
    source_code: NamedSource<String>,
    #[label("here")]
    span: Option<SourceSpan>,
    #[help]
    help: Option<String>,
}

impl ScenarioError {
    /// An error at a place in a text.
    pub fn at(name: &str, text: &str, span: Option<Range<usize>>, message: String) -> Self {
        Self(Box::new(Finding {
            message,
            source_code: NamedSource::new(name, text.to_owned()),
            span: span.map(SourceSpan::from),
            help: None,
        }))
    }

    /// The same with a remedy.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.0.help = Some(help.into());
        self
    }
}

/// A trace's text and the name to show for it.
#[derive(Clone, Debug)]
pub struct TraceText {
    /// The path, or `embedded trace`.
    pub name: String,
    /// The lines.
    pub text: String,
}

/// A scenario ready to run.
#[derive(Debug)]
pub struct Loaded {
    /// Short name: the shipped name or the file's stem.
    pub name: String,
    /// The text as given.
    pub given: String,
    /// Every field.
    pub scenario: Scenario,
    /// The trace, when the workload is one.
    pub trace: Option<TraceText>,
    layers: Vec<Layer>,
}

impl Loaded {
    /// The scenario with every field, as TOML.
    pub fn effective(&self) -> String {
        match toml::to_string(&self.scenario) {
            Ok(text) => text,
            Err(error) => leek_machine::bug!("write the effective scenario: {error}"),
        }
    }

    /// An error that points at the last place where `path` was written, or at the scenario itself.
    pub fn error_at(&self, path: &[&str], message: String) -> ScenarioError {
        error_at(&self.layers, path, message)
    }
}

/// One text that contributes to a scenario.
#[derive(Clone, Debug)]
pub(super) struct Layer {
    name: String,
    text: String,
    dir: PathBuf,
}

impl Layer {
    fn whole_override(&self) -> Option<Range<usize>> {
        self.name.starts_with(SET).then_some(0..self.text.len())
    }
}

/// What the name of an override begins with.
const SET: &str = "--set";

/// Loads `what` (a shipped name or the path of a TOML file), then applies `sets` (`a.b=c`) and the
/// seed.
///
/// # Errors
/// [`ScenarioError`] with the place and the remedy.
pub fn load(
    loader: &dyn Loader,
    what: &str,
    sets: &[String],
    seed: Option<u64>,
) -> Result<Loaded, ScenarioError> {
    let (name, mut layers) = base_layers(loader, what)?;
    let given = layers
        .last()
        .map(|layer| layer.text.clone())
        .unwrap_or_default();
    for set in sets {
        layers.push(set_layer(set)?);
    }
    let mut merged = Table::new();
    for layer in &layers {
        let mut table = check_layer(layer)?;
        table.remove("extends");
        resolve_paths(loader, &mut table, &layer.dir);
        merge(&mut merged, table, &mut Vec::new());
    }
    if let Some(seed) = seed {
        // TOML integers are signed; a seed beyond them keeps its bits through the typed field.
        merged.remove("seed");
        let mut scenario = parse_merged(&layers, merged)?;
        scenario.seed = seed;
        return finish(loader, name, given, layers, scenario);
    }
    let scenario = parse_merged(&layers, merged)?;
    finish(loader, name, given, layers, scenario)
}

fn finish(
    loader: &dyn Loader,
    name: String,
    given: String,
    layers: Vec<Layer>,
    scenario: Scenario,
) -> Result<Loaded, ScenarioError> {
    let mut loaded = Loaded {
        name,
        given,
        scenario,
        trace: None,
        layers,
    };
    check::check(&loaded)?;
    loaded.trace = load_trace(loader, &loaded)?;
    Ok(loaded)
}

fn parse_merged(layers: &[Layer], merged: Table) -> Result<Scenario, ScenarioError> {
    Scenario::deserialize(Value::Table(merged)).map_err(|error| {
        error_at(layers, &[], error.message().to_owned())
            .help("give every field of the part you change, or start from a shipped scenario")
    })
}

fn load_trace(loader: &dyn Loader, loaded: &Loaded) -> Result<Option<TraceText>, ScenarioError> {
    let Some(trace) = &loaded.scenario.workload.trace else {
        return Ok(None);
    };
    let Some(file) = &trace.file else {
        let name = "embedded trace".to_owned();
        return Ok(Some(TraceText {
            name,
            text: shipped::EMBEDDED_TRACE.to_owned(),
        }));
    };
    match loader.read(Path::new(file)) {
        Ok(text) => Ok(Some(TraceText {
            name: file.clone(),
            text,
        })),
        Err(why) => Err(loaded
            .error_at(
                &["workload", "trace", "file"],
                format!("cannot read the trace `{file}`: {why}"),
            )
            .help(
                "a path in --set is relative to the working directory, a path in a file to that \
                 file; leave the key out to run the embedded trace",
            )),
    }
}

fn base_layers(loader: &dyn Loader, what: &str) -> Result<(String, Vec<Layer>), ScenarioError> {
    let mut chain = Vec::new();
    let mut next = Some((what.to_owned(), PathBuf::new()));
    let mut name = None;
    while let Some((what, dir)) = next.take() {
        if chain.len() == EXTENDS_MAX {
            let message = format!("more than {EXTENDS_MAX} scenarios extend one another");
            return Err(error_at(&chain, &["extends"], message)
                .help("is there a circle? remove one `extends`"));
        }
        let (short, layer) = open(loader, &what, &dir, &chain)?;
        name.get_or_insert(short);
        let extends = check_layer(&layer)?
            .get("extends")
            .and_then(Value::as_str)
            .map(|base| (base.to_owned(), layer.dir.clone()));
        chain.push(layer);
        next = extends;
    }
    chain.reverse();
    Ok((name.unwrap_or_default(), chain))
}

fn open(
    loader: &dyn Loader,
    what: &str,
    dir: &Path,
    chain: &[Layer],
) -> Result<(String, Layer), ScenarioError> {
    if let Some(shipped) = shipped(what) {
        let layer = Layer {
            name: format!("{what} (shipped)"),
            text: shipped.text.to_owned(),
            dir: PathBuf::new(),
        };
        return Ok((what.replace('/', "-"), layer));
    }
    if !what.ends_with(".toml") {
        let known: Vec<&str> = shipped::SHIPPED.iter().map(|s| s.name).collect();
        let message = format!("there is no shipped scenario `{what}`");
        return Err(refuse(chain, what, message).help(format!(
            "{}shipped: {}; a file must end in .toml",
            did_you_mean(what, known.iter().copied()),
            known.join(", ")
        )));
    }
    let path = loader.absolute(&dir.join(what));
    let text = loader.read(&path).map_err(|why| {
        refuse(
            chain,
            what,
            format!("cannot read the scenario `{}`: {why}", path.display()),
        )
        .help("check the path; `leek list` names the shipped scenarios")
    })?;
    let stem = path
        .file_stem()
        .map_or_else(|| "scenario".into(), |s| s.to_string_lossy());
    let layer = Layer {
        name: what.to_owned(),
        text,
        dir: path.parent().unwrap_or(Path::new("")).to_owned(),
    };
    Ok((stem.into_owned(), layer))
}

/// An error about a name given on the command line, or in the `extends` of the last layer.
fn refuse(chain: &[Layer], what: &str, message: String) -> ScenarioError {
    if chain.is_empty() {
        ScenarioError::at("command line", what, Some(0..what.len()), message)
    } else {
        error_at(chain, &["extends"], message)
    }
}

/// A `--set a.b=c` as a layer: the value is TOML, or a string when it is not.
fn set_layer(set: &str) -> Result<Layer, ScenarioError> {
    let Some((key, value)) = set.split_once('=') else {
        let message = format!("`--set {set}` has no `=`");
        return Err(ScenarioError::at("--set", set, Some(0..set.len()), message)
            .help("write --set clients.count=20"));
    };
    let text = if DeTable::parse(set).is_ok() {
        set.to_owned()
    } else {
        format!("{key}={}", Value::String(value.to_owned()))
    };
    Ok(Layer {
        name: format!("{SET} {key}"),
        text,
        dir: PathBuf::new(),
    })
}

/// Parses a layer and checks the type of each key it holds, where it was written.
fn check_layer(layer: &Layer) -> Result<Table, ScenarioError> {
    let fail = |error: toml::de::Error| {
        let message = error.message().to_owned();
        let help = suggestion(&message);
        let out = ScenarioError::at(&layer.name, &layer.text, error.span(), message);
        match help {
            Some(help) => out.help(help),
            None => out,
        }
    };
    let table: Table = toml::from_str(&layer.text).map_err(fail)?;
    match toml::from_str::<Scenario>(&layer.text) {
        Ok(_) => Ok(table),
        // A layer may give part of a variant; the merged whole is checked again.
        Err(error) if error.message().starts_with("missing field") => Ok(table),
        Err(error) => Err(fail(error)),
    }
}

fn resolve_paths(loader: &dyn Loader, table: &mut Table, dir: &Path) {
    for path in PATHS {
        let (Some((last, parents)), mut at) = (path.split_last(), Some(&mut *table)) else {
            continue;
        };
        for key in parents {
            at = at
                .and_then(|t| t.get_mut(*key))
                .and_then(Value::as_table_mut);
        }
        if let Some(Value::String(file)) = at.and_then(|t| t.get_mut(*last)) {
            *file = loader
                .absolute(&dir.join(&*file))
                .to_string_lossy()
                .into_owned();
        }
    }
}

fn merge(base: &mut Table, over: Table, at: &mut Vec<String>) {
    for (key, value) in over {
        at.push(key.clone());
        if at.len() == 2 && at[0] == "workload" {
            // A layer that brings a trace means it instead of the Poisson process, and vice versa.
            match key.as_str() {
                "trace" => drop(base.remove("poisson")),
                "poisson" => drop(base.remove("trace")),
                _ => {}
            }
        }
        match (base.get_mut(&key), value) {
            (Some(Value::Table(old)), Value::Table(new)) => {
                let is_enum = ENUMS.iter().any(|path| path.iter().eq(at.iter()));
                if is_enum && old.keys().ne(new.keys()) {
                    *old = new;
                } else {
                    merge(old, new, at);
                }
            }
            (_, value) => drop(base.insert(key, value)),
        }
        at.pop();
    }
}

fn error_at(layers: &[Layer], path: &[&str], message: String) -> ScenarioError {
    let found = layers
        .iter()
        .rev()
        .find_map(|layer| locate(&layer.text, path).map(|span| (layer, Some(span))));
    // A field that nobody wrote conflicts with the newest one somebody did: most often the last
    // override, which is shown whole.
    match found.or_else(|| layers.last().map(|layer| (layer, layer.whole_override()))) {
        Some((layer, span)) => ScenarioError::at(&layer.name, &layer.text, span, message),
        None => ScenarioError::at("scenario", "", None, message),
    }
}

/// The span of the value at `path` in a TOML text.
fn locate(text: &str, path: &[&str]) -> Option<Range<usize>> {
    let root = DeTable::parse(text).ok()?;
    let (last, parents) = path.split_last()?;
    let mut table = root.get_ref();
    for key in parents {
        let (_, value) = table.iter().find(|(k, _)| k.get_ref() == key)?;
        table = value.get_ref().as_table()?;
    }
    let (_, value) = table.iter().find(|(k, _)| k.get_ref() == last)?;
    Some(value.span())
}

/// "did you mean" for serde's "unknown field `x`, expected one of `a`, `b`".
fn suggestion(message: &str) -> Option<String> {
    let mut quoted = message.split('`').skip(1).step_by(2);
    let unknown = quoted.next()?;
    if !message.starts_with("unknown") {
        return None;
    }
    let hint = did_you_mean(unknown, quoted);
    (!hint.is_empty()).then_some(hint)
}

fn did_you_mean<'a>(unknown: &str, known: impl Iterator<Item = &'a str>) -> String {
    known
        .map(|name| (strsim::damerau_levenshtein(unknown, name), name))
        .filter(|(distance, name)| *distance <= 1 + name.len() / 4)
        .min()
        .map(|(_, name)| format!("did you mean `{name}`? "))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests;
