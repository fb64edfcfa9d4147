use core::{fmt, str::FromStr};

/// Which of an account's mailboxes: a number from -32768 to 32767 whose class follows from simple
/// rules of arithmetic (network spec 2.2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Namespace(i16);

impl Namespace {
    /// 0: one-to-one messages.
    pub const DEFAULT: Self = Self(0);
    /// 2: the user's profile, shared by its devices.
    pub const USER_PROFILE: Self = Self(2);
    /// 3: the user's contacts.
    pub const CONTACTS: Self = Self(3);
    /// 4: which conversations the user has read.
    pub const CONVERSATIONS: Self = Self(4);
    /// 5: the user's groups.
    pub const USER_GROUPS: Self = Self(5);
    /// 11: a group's messages.
    pub const GROUP_MESSAGES: Self = Self(11);
    /// 12: a group's encryption keys.
    pub const GROUP_KEYS: Self = Self(12);
    /// 13: a group's name and settings.
    pub const GROUP_INFO: Self = Self(13);
    /// 14: a group's members.
    pub const GROUP_MEMBERS: Self = Self(14);
    /// -10: legacy closed groups, open to everybody.
    pub const LEGACY_GROUP: Self = Self(-10);
    /// -11: notices to members whose access was revoked.
    pub const GROUP_REVOKED: Self = Self(-11);

    /// The namespace of this number.
    pub const fn new(number: i16) -> Self {
        Self(number)
    }

    /// The number.
    pub const fn number(self) -> i16 {
        self.0
    }

    /// `n % 10 == 0`: anyone may store. -10 is one of these, also for its time-to-live limit.
    pub const fn is_public_inbox(self) -> bool {
        self.0 % 10 == 0
    }

    /// -10: anyone may store and retrieve.
    pub const fn is_legacy_open(self) -> bool {
        self.0 == Self::LEGACY_GROUP.0
    }

    /// `n < 0` and `-n % 20 == 1`: holds one message, stored by the owner, read by anyone.
    pub const fn is_public_outbox(self) -> bool {
        // The remainder keeps the sign of `n`, so -(n % 20) == -n % 20, without overflow at the
        // lowest number.
        self.0 % 20 == -1
    }

    /// `n < 0` and `-n % 100 == 11`: members whose access was revoked may still retrieve.
    pub const fn is_unrevocable(self) -> bool {
        self.0 % 100 == -11
    }

    /// Neither an inbox nor an outbox: every request needs the owner's signature.
    pub const fn is_authenticated(self) -> bool {
        self.store_needs_signature() && self.retrieve_needs_signature()
    }

    /// Whether storing needs the owner's signature.
    pub const fn store_needs_signature(self) -> bool {
        !self.is_public_inbox()
    }

    /// Whether retrieving needs the owner's signature.
    pub const fn retrieve_needs_signature(self) -> bool {
        !self.is_legacy_open() && !self.is_public_outbox()
    }

    /// The namespace as signed strings and message hashes spell it: nothing for 0, else the
    /// decimal number.
    pub const fn signed(self) -> SignedNamespace {
        SignedNamespace(self)
    }
}

/// The decimal number.
impl fmt::Display for Namespace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Shows a namespace as signed strings spell it; see [`Namespace::signed`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SignedNamespace(Namespace);

impl fmt::Display for SignedNamespace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Namespace::DEFAULT => Ok(()),
            namespace => namespace.fmt(f),
        }
    }
}

/// A number or text is no namespace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseNamespaceError {
    /// Outside -32768 to 32767.
    #[error("read namespace: {number} is outside -32768 to 32767")]
    Range {
        /// The number given.
        number: i64,
    },
    /// Not a decimal number.
    #[error("read namespace: not a decimal number")]
    NotANumber,
}

impl TryFrom<i64> for Namespace {
    type Error = ParseNamespaceError;

    fn try_from(number: i64) -> Result<Self, ParseNamespaceError> {
        match i16::try_from(number) {
            Ok(number) => Ok(Self(number)),
            Err(_) => Err(ParseNamespaceError::Range { number }),
        }
    }
}

impl FromStr for Namespace {
    type Err = ParseNamespaceError;

    fn from_str(text: &str) -> Result<Self, ParseNamespaceError> {
        let number: i64 = text.parse().map_err(|_| ParseNamespaceError::NotANumber)?;
        Self::try_from(number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_has_the_classes_of_the_rules() {
        for number in i16::MIN..=i16::MAX {
            let namespace = Namespace::new(number);
            let n = i32::from(number);
            let inbox = n.rem_euclid(10) == 0;
            let outbox = n < 0 && -n % 20 == 1;
            let open = n == -10;
            assert_eq!(namespace.is_public_inbox(), inbox, "{n}");
            assert_eq!(namespace.is_public_outbox(), outbox, "{n}");
            assert_eq!(namespace.is_legacy_open(), open, "{n}");
            assert_eq!(namespace.is_unrevocable(), n < 0 && -n % 100 == 11, "{n}");
            assert_eq!(namespace.store_needs_signature(), !inbox, "{n}");
            assert_eq!(
                namespace.retrieve_needs_signature(),
                !(outbox || open),
                "{n}"
            );
            assert_eq!(namespace.is_authenticated(), !(inbox || outbox), "{n}");
            assert_eq!(namespace.number(), number);
            assert_eq!(Namespace::try_from(i64::from(n)), Ok(namespace));
            assert_eq!(namespace.to_string().parse(), Ok(namespace));
        }
    }

    #[test]
    fn the_named_ones_are_of_the_class_they_are_used_as() {
        assert!(Namespace::DEFAULT.is_public_inbox());
        assert!(Namespace::LEGACY_GROUP.is_legacy_open());
        assert!(Namespace::GROUP_REVOKED.is_unrevocable());
        for namespace in [
            Namespace::USER_PROFILE,
            Namespace::CONTACTS,
            Namespace::CONVERSATIONS,
            Namespace::USER_GROUPS,
            Namespace::GROUP_MESSAGES,
            Namespace::GROUP_KEYS,
            Namespace::GROUP_INFO,
            Namespace::GROUP_MEMBERS,
            Namespace::GROUP_REVOKED,
        ] {
            assert!(namespace.is_authenticated(), "{namespace}");
        }
    }

    #[test]
    fn numbers_outside_are_refused() {
        for number in [-32_769, 32_768, i64::MIN, i64::MAX] {
            let error = ParseNamespaceError::Range { number };
            assert_eq!(Namespace::try_from(number), Err(error));
            assert_eq!(number.to_string().parse::<Namespace>(), Err(error));
        }
        let error = ParseNamespaceError::NotANumber;
        assert_eq!("inbox".parse::<Namespace>(), Err(error));
    }

    #[test]
    fn signed_strings_leave_0_out() {
        assert_eq!(Namespace::DEFAULT.signed().to_string(), "");
        assert_eq!(Namespace::GROUP_REVOKED.signed().to_string(), "-11");
        assert_eq!(Namespace::GROUP_KEYS.signed().to_string(), "12");
    }
}
