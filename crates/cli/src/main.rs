#![doc = include_str!("../README.md")]

mod account;
mod args;
mod bench;
mod console;
mod directory;
mod doctor;
mod failure;
mod files;
mod identity;
mod interrupt;
mod limits;
mod list;
mod measure;
mod net;
mod net_run;
mod node;
mod person;
mod progress;
mod render;
mod run;
mod schema;
mod secrets;
mod service;
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
        Command::Account(args) => account::account(args),
        Command::Contacts(args) => person::contacts(args),
        Command::Send(args) => person::send(args),
        Command::Receive(args) => person::receive(args),
        Command::Doctor(args) => doctor::doctor(args),
        Command::Node(command) => node::node(command).map(|()| ExitCode::SUCCESS),
        Command::Directory(command) => directory::directory(command).map(|()| ExitCode::SUCCESS),
        Command::Net(command) => net::net(command),
        Command::Bench(command) => bench::run(command),
    };
    done.unwrap_or_else(|failure| {
        console::talk(&failure.render());
        ExitCode::from(failure.exit_code())
    })
}
