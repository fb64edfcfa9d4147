//! Turns `proto/*.proto` into committed Rust: messages in `proto/src/generated`, stubs of services
//! in `crates/driver/src/generated`.
//!
//! protox compiles the files, so no `protoc` is needed; prost-build and tonic-prost-build format
//! what they write, so the output depends on `Cargo.lock` alone.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
    path::{Path, PathBuf},
};

use protox::prost_reflect::prost_types::FileDescriptorProto;

/// Stands at the head of every generated file.
const HEADER: &str = "// Written by `cargo xtask codegen` from proto/*.proto; do not edit.\n";

/// Packages whose messages get no `Debug`: they carry keys and what people wrote.
const SECRET_PACKAGES: [&str; 1] = [".leek.session"];

/// The package of requests and responses. The stubs carry the values of `leek-wire`, which the
/// driver's codec reads and writes without generated messages in between.
const WIRE_PACKAGE: (&str, &str) = (".leek.wire.v1", "::leek_wire");

/// The driver's codec, as its stubs name it.
const CODEC: &str = "crate::codec::WireCodec";

/// Generates one file per proto package and writes those that changed; with `check` it writes
/// nothing and fails when a committed file differs, is missing, or has no source any more.
///
/// # Errors
/// A message for the person who ran it.
pub(crate) fn run(check: bool) -> Result<(), String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .ok_or("find the workspace: xtask has no parent folder")?;
    let proto = root.join("proto");
    let files = compile(&proto)?;
    let outputs = [
        (proto.join("src"), messages(&files)?),
        (root.join("crates/driver/src"), stubs(files)?),
    ];
    for (source, generated) in outputs {
        update(&source.join("generated"), &generated, check)?;
    }
    Ok(())
}

/// Makes `folder` hold exactly the files of `generated`, or with `check` fails when it does not.
fn update(folder: &Path, generated: &BTreeMap<String, String>, check: bool) -> Result<(), String> {
    let committed = read_folder(folder)?;
    let stale = differing(generated, &committed);
    if stale.is_empty() {
        return Ok(());
    }
    if check {
        let names: Vec<&str> = stale.iter().map(String::as_str).collect();
        return Err(format!(
            "generated code in {} is out of date ({}): run `cargo xtask codegen`",
            folder.display(),
            names.join(", ")
        ));
    }
    fs::create_dir_all(folder).map_err(|e| at("create", folder, &e))?;
    for name in &stale {
        let path = folder.join(name);
        match generated.get(name) {
            Some(text) => fs::write(&path, text).map_err(|e| at("write", &path, &e))?,
            None => fs::remove_file(&path).map_err(|e| at("remove", &path, &e))?,
        }
    }
    Ok(())
}

/// Every file under `proto`, compiled.
fn compile(proto: &Path) -> Result<Vec<FileDescriptorProto>, String> {
    let sources = proto_files(proto)?;
    let set = protox::compile(&sources, [proto]).map_err(|e| format!("compile protos: {e:?}"))?;
    let files = set.file.into_iter();
    // Prost has the well-known types itself.
    Ok(files
        .filter(|file| !file.package().starts_with("google.protobuf"))
        .collect())
}

/// File name to text, for every package with messages.
fn messages(files: &[FileDescriptorProto]) -> Result<BTreeMap<String, String>, String> {
    let mut config = prost_build::Config::new();
    config.btree_map(["."]).skip_debug(SECRET_PACKAGES);
    write(config, files.to_vec())
}

/// File name to text, for every package with services.
fn stubs(files: Vec<FileDescriptorProto>) -> Result<BTreeMap<String, String>, String> {
    let services = tonic_prost_build::configure()
        .codec_path(CODEC)
        .build_transport(false)
        .service_generator();
    let mut config = prost_build::Config::new();
    config
        .extern_path(WIRE_PACKAGE.0, WIRE_PACKAGE.1)
        .service_generator(services);
    let files = files.into_iter();
    write(
        config,
        files.filter(|file| !file.service.is_empty()).collect(),
    )
}

fn write(
    mut config: prost_build::Config,
    files: Vec<FileDescriptorProto>,
) -> Result<BTreeMap<String, String>, String> {
    let modules = files
        .into_iter()
        .map(|file| {
            let module = prost_build::Module::from_protobuf_package_name(file.package());
            (module, file)
        })
        .collect();
    let texts = config
        .generate(modules)
        .map_err(|e| format!("generate code: {e}"))?;
    Ok(texts
        .into_iter()
        .map(|(module, text)| (module.to_file_name_or("_"), format!("{HEADER}{text}")))
        .collect())
}

/// The `.proto` files directly in `folder`, sorted by name.
fn proto_files(folder: &Path) -> Result<BTreeSet<PathBuf>, String> {
    let mut files = BTreeSet::new();
    for entry in fs::read_dir(folder).map_err(|e| at("list", folder, &e))? {
        let path = entry.map_err(|e| at("list", folder, &e))?.path();
        if path
            .extension()
            .is_some_and(|extension| extension == "proto")
        {
            files.insert(path);
        }
    }
    if files.is_empty() {
        return Err(format!("no .proto files in {}", folder.display()));
    }
    Ok(files)
}

/// File name to text, for every file in `folder`; empty when there is no such folder.
fn read_folder(folder: &Path) -> Result<BTreeMap<String, String>, String> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(BTreeMap::new()),
        Err(error) => return Err(at("list", folder, &error)),
    };
    let mut files = BTreeMap::new();
    for entry in entries {
        let entry = entry.map_err(|e| at("list", folder, &e))?;
        let text = fs::read_to_string(entry.path()).map_err(|e| at("read", &entry.path(), &e))?;
        files.insert(entry.file_name().to_string_lossy().into_owned(), text);
    }
    Ok(files)
}

/// Names that one side has and the other has not, or has with another text.
fn differing(
    generated: &BTreeMap<String, String>,
    committed: &BTreeMap<String, String>,
) -> BTreeSet<String> {
    generated
        .keys()
        .chain(committed.keys())
        .filter(|name| generated.get(*name) != committed.get(*name))
        .cloned()
        .collect()
}

/// An error with what we were doing and where.
fn at(verb: &str, path: &Path, error: &io::Error) -> String {
    format!("{verb} {}: {error}", path.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `cargo test` alone notices a `.proto` edited without its code.
    #[test]
    fn committed_code_is_current() {
        run(true).unwrap();
    }

    #[test]
    fn changed_missing_and_orphaned_files_differ() {
        let map = |pairs: &[(&str, &str)]| {
            let pairs = pairs.iter();
            pairs
                .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()))
                .collect::<BTreeMap<_, _>>()
        };
        let generated = map(&[("same", "1"), ("changed", "1"), ("missing", "1")]);
        let committed = map(&[("same", "1"), ("changed", "2"), ("orphan", "1")]);
        let names: Vec<_> = differing(&generated, &committed).into_iter().collect();
        assert_eq!(names, ["changed", "missing", "orphan"]);
    }
}
