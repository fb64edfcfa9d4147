//! `leek net up`: in the foreground with a live table, or detached.

use std::{
    env,
    io::{BufRead as _, BufReader},
    ops::ControlFlow,
    process::{Child, ChildStdout, Command, ExitStatus, Stdio},
    sync::mpsc::{self, RecvTimeoutError},
    thread,
    time::Duration,
};

use leek_daemon::client::POOL_MIN;
use leek_localnet::{
    Config, Control, LocalNet, NetError, Role, Status, Swarms, supervisor_log, table,
};
use leek_report::EXIT_ENVIRONMENT;

use super::{NetUpArgs, live::Live};
use crate::{console, failure::Failure, interrupt::Interrupt, service::hint};

/// How often the table is looked at when nothing else wakes it.
const LOOK: Duration = Duration::from_secs(1);
/// How long a waiting command does not notice Ctrl-C.
const POLL: Duration = Duration::from_millis(100);

/// Runs what the command line asks for.
pub(super) fn up(args: &NetUpArgs) -> Result<(), Failure> {
    let program = env::current_exe().map_err(Failure::Program)?;
    let mut config = Config::new(program, &args.dir.dir);
    config.nodes = args.nodes;
    config.directories = args.directories;
    config.base_port = args.base_port;
    config.swarms = if args.deployed_swarms {
        Swarms::Deployed
    } else {
        Swarms::Fixed(args.swarm_size)
    };
    let interrupt = Interrupt::watch()?;
    if args.detach {
        return detach(args, &config, &interrupt);
    }
    if args.supervise {
        leave_terminal()?;
    }
    supervise(args, &config, &interrupt)
}

fn supervise(args: &NetUpArgs, config: &Config, interrupt: &Interrupt) -> Result<(), Failure> {
    let mut live = Live::start(args.json || args.supervise);
    let asked = || {
        if interrupt.is_asked() {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    };
    let net = LocalNet::up_watched(config, &mut |status| {
        // A reader that has gone does not stop a network.
        let _ = live.show(status);
        asked()
    })?;
    if args.supervise {
        console::data(&format!("{}\n", serde_json::to_string(&net.status())?))?;
    } else {
        if args.json {
            console::data(&format!(
                "{}\n",
                serde_json::to_string_pretty(&net.status())?
            ))?;
        }
        live.show(&net.status())?;
        let file = config.dir.join("network.toml");
        live.say(&format!(
            "ready: join with --network {}; Ctrl-C ends the network",
            file.display()
        ));
        if let Some(note) = too_small(&net.status()) {
            live.say(&note);
        }
    }
    while asked().is_continue() && !net.is_over() {
        live.show(&net.status())?;
        net.wait_change(LOOK);
    }
    live.say("ending the network");
    net.down()?;
    hint("the network is down");
    Ok(())
}

/// Starts a supervisor without a terminal and waits until it says that all are ready.
fn detach(args: &NetUpArgs, config: &Config, interrupt: &Interrupt) -> Result<(), Failure> {
    let is_up = |control: Control| control.status().map(|status| status.up);
    match Control::open(&config.dir).and_then(is_up) {
        Ok(true) => {
            return Err(Failure::Net(NetError::Up {
                dir: config.dir.clone(),
            }));
        }
        Ok(false) | Err(NetError::NoNetwork { .. }) => {}
        Err(error) => return Err(error.into()),
    }
    let (path, log) = supervisor_log(&config.dir)?;
    let mut child = Command::new(&config.program)
        .args(supervisor_args(args))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(log)
        .spawn()
        .map_err(Failure::Program)?;
    let Some(stdout) = child.stdout.take() else {
        leek_machine::bug!("a piped stdout is not there")
    };
    let lines = read_line(stdout)?;
    let status = loop {
        match lines.recv_timeout(POLL) {
            Ok(line) => break line,
            Err(RecvTimeoutError::Timeout) if interrupt.is_asked() => {
                // Its processes die with it.
                end(&mut child)?;
                return Err(Failure::Net(NetError::Interrupted));
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => {
                let status = child.wait().map_err(Failure::Program)?;
                return Err(Failure::Supervisor {
                    code: code_of(status),
                    log: std::fs::read_to_string(&path).unwrap_or_default(),
                });
            }
        }
    };
    let status: Status = serde_json::from_str(&status)?;
    if args.json {
        console::data(&format!("{}\n", serde_json::to_string_pretty(&status)?))?;
    } else {
        console::data(&table(&status))?;
    }
    let dir = config.dir.display();
    if let Some(note) = too_small(&status) {
        hint(&note);
    }
    hint(&format!(
        "ready: join with --network {dir}/network.toml; `leek net down --dir {dir}` ends the network"
    ));
    Ok(())
}

/// A network can be ready and yet too small to send a message through.
fn too_small(status: &Status) -> Option<String> {
    let nodes = status.processes.iter().filter(|p| p.role == Role::Node);
    let count = nodes.count();
    (count < POOL_MIN).then(|| {
        format!(
            "note: nobody can send here: two paths of three hops and a destination take \
             {POOL_MIN} nodes, and there are {count}"
        )
    })
}

fn supervisor_args(args: &NetUpArgs) -> Vec<std::ffi::OsString> {
    let mut out: Vec<std::ffi::OsString> = ["net", "up", "--supervise"].map(Into::into).to_vec();
    for (option, value) in [
        ("--nodes", args.nodes),
        ("--directories", args.directories),
        ("--base-port", args.base_port),
    ] {
        out.extend([option.into(), value.to_string().into()]);
    }
    if args.deployed_swarms {
        out.push("--deployed-swarms".into());
    } else {
        out.extend(["--swarm-size".into(), args.swarm_size.to_string().into()]);
    }
    out.extend(["--dir".into(), args.dir.dir.clone().into()]);
    out
}

/// The first line of a stream, when it comes; nothing when the stream ends before.
fn read_line(stdout: ChildStdout) -> Result<mpsc::Receiver<String>, Failure> {
    let (tell, told) = mpsc::channel();
    let read = move || {
        let mut line = String::new();
        if BufReader::new(stdout).read_line(&mut line).is_ok() && line.ends_with('\n') {
            // Nobody waits any more.
            let _ = tell.send(line);
        }
    };
    thread::Builder::new()
        .name("leek-net-ready".to_owned())
        .spawn(read)
        .map_err(Failure::Program)?;
    Ok(told)
}

fn end(child: &mut Child) -> Result<(), Failure> {
    child.kill().map_err(Failure::Program)?;
    child.wait().map_err(Failure::Program)?;
    Ok(())
}

fn code_of(status: ExitStatus) -> u8 {
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    code.filter(|code| *code != 0).unwrap_or(EXIT_ENVIRONMENT)
}

/// A session of its own: neither Ctrl-C nor the end of the terminal reaches it.
fn leave_terminal() -> Result<(), Failure> {
    rustix::process::setsid()
        .map(drop)
        .map_err(|error| Failure::Program(error.into()))
}
