//! `leek contacts`.

use std::process::ExitCode;

use leek_home::{ContactName, Contacts, Home, HomeLock};
use leek_identity::{AccountId, Prefix};
use leek_report::escaped;
use serde_json::{Value, json};

use crate::{
    args::{ContactsArgs, ContactsCommand, HomeArgs},
    console,
    failure::{Failure, PersonError},
};

/// Lists or changes the contacts.
pub(crate) fn contacts(args: &ContactsArgs) -> Result<ExitCode, Failure> {
    match &args.command {
        ContactsCommand::List { home, json } => list(home, *json)?,
        ContactsCommand::Add { home, name, id } => {
            let (name, id) = (name_of(name)?, user_id(id)?);
            change(home, |contacts| Ok(contacts.add(name, id)?))?;
        }
        ContactsCommand::Remove { home, name } => {
            change(home, |contacts| Ok(contacts.remove(name).map(drop)?))?;
        }
        ContactsCommand::Rename { home, from, to } => {
            let to = name_of(to)?;
            change(home, |contacts| Ok(contacts.rename(from, to).map(drop)?))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn list(home: &HomeArgs, json: bool) -> Result<(), Failure> {
    let home = Home::open(&home.dir()?).map_err(PersonError::Home)?;
    let contacts = home.contacts().map_err(PersonError::Home)?;
    if json {
        let all: Vec<Value> = contacts
            .iter()
            .map(|(name, id)| json!({ "name": name.as_str(), "id": id.to_hex() }))
            .collect();
        return console::data(&format!("{:#}\n", Value::from(all)));
    }
    if contacts.is_empty() {
        console::talk("no contacts yet: `leek contacts add NAME ACCOUNT_ID` names an account\n");
    }
    // The id first: it is of one length.
    let lines = contacts
        .iter()
        .map(|(name, id)| format!("{}  {}\n", id.to_hex(), escaped(name.as_str())));
    console::data(&lines.collect::<String>())
}

fn change(
    home: &HomeArgs,
    change: impl FnOnce(&mut Contacts) -> Result<(), PersonError>,
) -> Result<(), PersonError> {
    let home: HomeLock = Home::open(&home.dir()?).and_then(Home::lock)?;
    let mut contacts = home.home().contacts()?;
    change(&mut contacts)?;
    Ok(home.save_contacts(&contacts)?)
}

/// A name that looks like what it is.
fn name_of(text: &str) -> Result<ContactName, PersonError> {
    let name: ContactName = text.parse()?;
    let shown = escaped(text);
    if shown == text {
        Ok(name)
    } else {
        Err(PersonError::Unseen { name: shown })
    }
}

/// The id of somebody who can be written to.
pub(super) fn user_id(text: &str) -> Result<AccountId, PersonError> {
    let id = AccountId::parse_hex(text)?;
    match id.prefix() {
        Prefix::User => Ok(id),
        other => Err(PersonError::NotAUser {
            prefix: other.byte(),
        }),
    }
}

/// Whom a person means: a contact, or an account id.
pub(super) fn recipient(text: &str, contacts: &Contacts) -> Result<AccountId, PersonError> {
    if let Some(id) = contacts.id(text) {
        return Ok(id);
    }
    // A text that looks like an id and is none deserves to hear why.
    if text.len() > leek_home::CONTACT_NAME_BYTES_MAX {
        return user_id(text);
    }
    Err(PersonError::Nobody {
        text: text.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(byte: u8) -> AccountId {
        AccountId::new(Prefix::User, [byte; 32])
    }

    #[test]
    fn people_are_meant_by_name_or_id() {
        let mut contacts = Contacts::default();
        contacts.add("bob".parse().unwrap(), id(1)).unwrap();
        let meant = |text: &str| recipient(text, &contacts);
        assert_eq!(meant("bob").unwrap(), id(1));
        assert_eq!(meant(&id(2).to_hex()).unwrap(), id(2));
        assert_eq!(meant(&id(2).to_hex().to_uppercase()).unwrap(), id(2));
        assert!(matches!(meant("alice"), Err(PersonError::Nobody { .. })));
        assert!(matches!(meant(&"x".repeat(66)), Err(PersonError::Id(_))));
        let group = AccountId::new(Prefix::Group, [1; 32]).to_hex();
        assert!(matches!(
            meant(&group),
            Err(PersonError::NotAUser { prefix: 3 })
        ));
    }

    #[test]
    fn names_that_hide_something_are_refused() {
        assert_eq!(name_of("Zoë 東京").unwrap().as_str(), "Zoë 東京");
        let error = name_of("bob\u{202e}").unwrap_err();
        assert!(matches!(error, PersonError::Unseen { name } if name == "bob\\u{202e}"));
    }
}
