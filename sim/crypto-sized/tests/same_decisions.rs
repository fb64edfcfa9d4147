//! The sized suite decides as the real one does.

use leek_crypto::{
    AccountKey, Aead, AeadKey, DhSecret, EdPublic, Ephemeral, Signature, SigningKey, Suite, Tag,
    XPublic, conformance, hash, open_sealed_box, seal_box,
};
use leek_crypto_sized::sized;
use proptest::{prelude::*, sample::Index};

#[test]
fn it_conforms() {
    assert_eq!(sized().name(), "sized");
    for seed in 0..8 {
        for len in [0, 1, 15, 16, 17, 31, 32, 33, 333, 5000] {
            conformance::check(&*sized(), seed, len);
        }
    }
}

#[test]
fn a_nonce_of_the_wrong_length_is_our_own_bug() {
    for aead in AEADS {
        let nonce = &[0; 36][..36 - aead.nonce_len()];
        let key = AeadKey::from_bytes([0; 32]);
        let caught = std::panic::catch_unwind(|| sized().seal(aead, &key, nonce, &mut []));
        assert!(caught.is_err(), "{aead:?}");
    }
}

const AEADS: [Aead; 3] = [
    Aead::XChaCha20Poly1305,
    Aead::Aes256Gcm,
    Aead::XSalsa20Poly1305,
];

/// What happens to the inputs of an operation on their way.
#[derive(Clone, Debug)]
enum Change {
    Nothing,
    Bit(Index, Index),
    LastByteLost,
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        2 => Just(Change::Nothing),
        5 => any::<(Index, Index)>().prop_map(|(part, bit)| Change::Bit(part, bit)),
        1 => Just(Change::LastByteLost),
    ]
}

/// Changes one bit of one of `parts`, or takes the last byte of the last one.
fn apply(change: &Change, parts: &mut [Vec<u8>]) {
    match change {
        Change::Nothing => {}
        Change::Bit(part, bit) => {
            let part = &mut parts[part.index(parts.len())];
            if !part.is_empty() {
                let bit = bit.index(8 * part.len());
                part[bit / 8] ^= 1 << (bit % 8);
            }
        }
        Change::LastByteLost => {
            if let Some(last) = parts.last_mut() {
                last.pop();
            }
        }
    }
}

/// One use of a suite; a `special` key takes the place of the honest one.
#[derive(Clone, Debug)]
enum Operation {
    Agree {
        one_time: bool,
        special: Option<u8>,
    },
    Verify {
        special: Option<u8>,
        message: Vec<u8>,
    },
    Open {
        aead: Aead,
        message: Vec<u8>,
    },
    OpenBox {
        message: Vec<u8>,
    },
}

fn operation() -> impl Strategy<Value = Operation> {
    let message = || prop::collection::vec(any::<u8>(), 0..200);
    let special = || prop::option::weighted(0.3, any::<u8>());
    prop_oneof![
        (any::<bool>(), special())
            .prop_map(|(one_time, special)| Operation::Agree { one_time, special }),
        (special(), message())
            .prop_map(|(special, message)| Operation::Verify { special, message }),
        (prop::sample::select(&AEADS[..]), message())
            .prop_map(|(aead, message)| Operation::Open { aead, message }),
        message().prop_map(|message| Operation::OpenBox { message }),
    ]
}

/// An encoding near 0 or 2^255-19 with either bit 255, those of small order among them.
fn special_key(which: u8) -> [u8; 32] {
    let (high, sign, step) = (which & 1 != 0, which & 2 != 0, which >> 2);
    let mut bytes = if high { [0xff; 32] } else { [0; 32] };
    bytes[0] = if high { 0xea + step % 8 } else { step % 4 };
    bytes[31] = if high { 0x7f } else { 0 } | if sign { 0x80 } else { 0 };
    bytes
}

/// What both suites must have in common: the error if any, lengths, and equality of secrets.
#[derive(Debug, PartialEq)]
struct Seen {
    error: Option<String>,
    numbers: Vec<usize>,
}

fn seen<T, E: std::fmt::Display>(result: Result<T, E>, numbers: &[usize]) -> Seen {
    Seen {
        error: result.err().map(|e| e.to_string()),
        numbers: numbers.to_vec(),
    }
}

fn array<const N: usize>(bytes: &[u8]) -> [u8; N] {
    let mut out = [0; N];
    out.copy_from_slice(bytes);
    out
}

fn agree(
    suite: &dyn Suite,
    seed: [u8; 32],
    one_time: bool,
    special: Option<u8>,
    change: &Change,
) -> Seen {
    let ours = DhSecret::<AccountKey>::from_scalar(seed);
    let scalar = hash::blake2b_256(&[&seed]);
    let theirs = if one_time {
        DhSecret::<AccountKey>::one_time(suite, scalar)
    } else {
        DhSecret::from_scalar(scalar)
    };
    let honest = theirs.agree(suite, ours.public());
    let mut sent = [special
        .map_or(*theirs.public().as_bytes(), special_key)
        .to_vec()];
    if !matches!(change, Change::LastByteLost) {
        // Keys have a fixed length.
        apply(change, &mut sent);
    }
    let agreed = ours.agree(suite, &XPublic::from_bytes(array(&sent[0])));
    let equal = match (&honest, &agreed) {
        (Ok(a), Ok(b)) => usize::from(a.dangerously_expose() == b.dangerously_expose()),
        _ => 2,
    };
    seen(agreed, &[equal])
}

fn verify(
    suite: &dyn Suite,
    seed: [u8; 32],
    special: Option<u8>,
    message: &[u8],
    change: &Change,
) -> Seen {
    let key = SigningKey::<AccountKey>::from_seed(seed);
    let signature = key.sign(suite, message);
    let public = special.map_or(*key.public().as_bytes(), special_key);
    let mut parts = [
        public.to_vec(),
        signature.as_bytes().to_vec(),
        message.to_vec(),
    ];
    apply(change, &mut parts);
    let [public, signature, message] = parts;
    let public = EdPublic::from_bytes_unchecked(array(&public));
    let signature = Signature::from_bytes(array(&signature));
    seen(suite.verify(&public, &message, &signature), &[])
}

fn open(suite: &dyn Suite, seed: [u8; 32], aead: Aead, message: &[u8], change: &Change) -> Seen {
    let nonce = &seed[..aead.nonce_len()];
    let mut body = message.to_vec();
    let tag = suite.seal(aead, &AeadKey::from_bytes(seed), nonce, &mut body);
    let mut parts = [seed.to_vec(), nonce.to_vec(), tag.to_vec(), body];
    apply(change, &mut parts);
    let [key, nonce, tag, mut body] = parts;
    let (key, tag): (_, Tag) = (AeadKey::from_bytes(array(&key)), array(&tag));
    let result = suite.open(aead, &key, &nonce, &mut body, &tag);
    let intact = usize::from(result.is_ok() && body == message);
    seen(result, &[body.len(), intact])
}

fn open_box(suite: &dyn Suite, seed: [u8; 32], message: &[u8], change: &Change) -> Seen {
    let recipient = DhSecret::<AccountKey>::from_scalar(seed);
    let sealed = match seal_box(suite, recipient.public(), seed, message) {
        Ok(sealed) => sealed,
        Err(e) => return seen(Err::<(), _>(e), &[]),
    };
    let mut parts = [sealed];
    apply(change, &mut parts);
    let opened = open_sealed_box(suite, &recipient, &parts[0]);
    let intact = usize::from(opened.as_deref() == Ok(message));
    seen(opened, &[parts[0].len(), intact])
}

fn run(suite: &dyn Suite, seed: [u8; 32], operation: &Operation, change: &Change) -> Seen {
    match operation {
        Operation::Agree { one_time, special } => agree(suite, seed, *one_time, *special, change),
        Operation::Verify { special, message } => verify(suite, seed, *special, message, change),
        Operation::Open { aead, message } => open(suite, seed, *aead, message, change),
        Operation::OpenBox { message } => open_box(suite, seed, message, change),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2048))]

    #[test]
    fn it_decides_as_the_real_one(
        seed in any::<[u8; 32]>(),
        operation in operation(),
        change in change(),
    ) {
        let real = run(&*leek_crypto::fast().suite(), seed, &operation, &change);
        prop_assert_eq!(run(&*sized(), seed, &operation, &change), real);
    }

    #[test]
    fn ephemeral_keys_never_have_small_order(scalar in any::<[u8; 32]>()) {
        let key = DhSecret::<Ephemeral>::one_time(&*sized(), scalar);
        prop_assert!(!key.public().is_small_order());
    }
}
