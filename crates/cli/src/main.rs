#![doc = include_str!("../README.md")]

mod args;
mod console;
mod failure;
mod files;
mod identity;
mod interrupt;
mod limits;
mod list;
mod measure;
mod progress;
mod render;
mod run;
mod schema;
mod verify;

use std::process::ExitCode;

use args::{Command, parse};

fn main() -> ExitCode {
    let cli = match parse() {
        Ok(cli) => cli,
        Err(code) => return code,
    };
    let done = match &cli.command {
        Command::Run(args) => run::run(args),
        Command::List(args) => list::list(args),
        Command::Schema(args) => schema::schema(args),
        Command::Verify(args) => verify::verify(args),
    };
    done.unwrap_or_else(|failure| {
        console::talk(&failure.render());
        ExitCode::from(failure.exit_code())
    })
}
