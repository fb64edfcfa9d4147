use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::{Parser, Subcommand};

use crate::{ci, codegen, terminal, tidy, vectors};

/// Checks, vectors, code generation and continuous integration of Leek.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Run every stage of continuous integration
    Ci {
        /// Run these stages alone; never enough to call a change good
        #[arg(long, value_name = "STAGE", value_delimiter = ',')]
        only: Vec<ci::Stage>,
    },
    /// Write the Rust code of proto/*.proto
    Codegen {
        /// Write nothing; fail when the committed code differs
        #[arg(long)]
        check: bool,
    },
    /// Check layers, dependencies, sizes, READMEs, licences and generated code
    Tidy {
        /// Print the findings as JSON on stdout
        #[arg(long)]
        json: bool,
        /// Lower the entries of xtask/ratchet.toml to what is there, and remove those of the past
        #[arg(long, conflicts_with = "json")]
        lower: bool,
    },
    /// Run every case of files in the layout `vectors-1`
    Vectors {
        /// Files to run; the numbers are sums over all of them
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
        /// Print the counts as JSON on stdout
        #[arg(long)]
        json: bool,
    },
}

/// Runs the task that the command line asks for.
///
/// Exit codes: 0 when all is well, 1 when a check failed, 2 when the command line or a file given
/// cannot be read.
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let root = root();
    let done = match arguments.task {
        Task::Ci { only } => ci::run(root, &only),
        Task::Codegen { check } => codegen::run(check).map(|()| true),
        Task::Tidy { lower: true, .. } => tidy::lower(root).map(|()| true),
        Task::Tidy { json, .. } => tidy::run(root, json),
        Task::Vectors { files, json } => return vectors::main(&files, json),
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            terminal::complain(&format!("xtask: {error}"));
            ExitCode::FAILURE
        }
    }
}

/// The folder of the root manifest.
fn root() -> &'static Path {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here)
}
