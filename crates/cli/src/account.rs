//! `leek account`.

use std::process::ExitCode;

use leek_home::{AccountFile, Home};
use leek_identity::{Account, AccountSeed, phrase};
use serde_json::json;

use crate::{
    args::{AccountArgs, AccountCommand, NewArgs, RestoreArgs, ShowArgs},
    console,
    failure::{Failure, PersonError},
    secrets,
};

/// What to know about the phrase, on stderr.
const WARNING: &str = "\
Write these words down, on paper, in their order. They are the account: whoever has them can read and
write in its name, and without them nobody can bring it back. Leek never asks for them but in
`leek account restore`.
";

const OPEN_WARNING: &str =
    "warning: the account is not encrypted; whoever can read its file has it\n";

/// Makes, restores or shows an account.
pub(crate) fn account(args: &AccountArgs) -> Result<ExitCode, Failure> {
    match &args.command {
        AccountCommand::New(args) => new(args),
        AccountCommand::Restore(args) => restore(args),
        AccountCommand::Show(args) => show(args),
    }
}

fn new(args: &NewArgs) -> Result<ExitCode, Failure> {
    let dir = args.home.dir()?;
    let home = Home::create(&dir)
        .and_then(Home::lock)
        .map_err(PersonError::Home)?;
    home.check_no_account().map_err(PersonError::Home)?;
    let seed = AccountSeed::generate(&mut secrets::entropy()?);
    let id = Account::from_seed(&seed).id();
    let phrase = phrase::encode(&seed);
    let file = secrets::protect(seed, &args.protect)?;
    home.create_account(&file).map_err(PersonError::Home)?;
    if args.protect.no_passphrase {
        console::talk(OPEN_WARNING);
    }
    let words = phrase.dangerously_expose();
    if args.json {
        let document =
            json!({ "id": id.to_hex(), "phrase": words, "home": dir.display().to_string() });
        console::data(&format!("{document:#}\n"))?;
    } else {
        console::talk(WARNING);
        console::data(&format!(
            "account id       {}\nrecovery phrase  {words}\n",
            id.to_hex()
        ))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn restore(args: &RestoreArgs) -> Result<ExitCode, Failure> {
    let dir = args.home.dir()?;
    let home = Home::create(&dir)
        .and_then(Home::lock)
        .map_err(PersonError::Home)?;
    home.check_no_account().map_err(PersonError::Home)?;
    let seed = secrets::recovery_phrase(args.phrase_file.as_deref())?;
    let file = secrets::protect(seed, &args.protect)?;
    home.create_account(&file).map_err(PersonError::Home)?;
    if args.protect.no_passphrase {
        console::talk(OPEN_WARNING);
    }
    let id = file.id().to_hex();
    if args.json {
        let document = json!({ "id": id, "home": dir.display().to_string() });
        console::data(&format!("{document:#}\n"))?;
    } else {
        console::data(&format!("account id       {id}\n"))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn show(args: &ShowArgs) -> Result<ExitCode, Failure> {
    let dir = args.home.dir()?;
    let home = Home::open(&dir).map_err(PersonError::Home)?;
    let file = home.account().map_err(PersonError::Home)?;
    let id = file.id().to_hex();
    let encrypted = matches!(file, AccountFile::Sealed(_));
    let mut document =
        json!({ "id": id, "encrypted": encrypted, "home": dir.display().to_string() });
    let mut text = format!("account id       {id}\n");
    if args.phrase {
        let phrase = secrets::unlock(&home, &args.passphrase)?.phrase();
        let words = phrase.dangerously_expose();
        document["phrase"] = words.into();
        text.push_str(&format!("recovery phrase  {words}\n"));
    }
    if args.json {
        text = format!("{document:#}\n");
    }
    console::data(&text)?;
    Ok(ExitCode::SUCCESS)
}
