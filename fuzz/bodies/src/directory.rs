//! What directories, their followers and people write about a network's membership.

use std::sync::OnceLock;

use leek_crypto::{Signature, Suite, fast};
use leek_directory::{
    AuthorityState, DESCRIPTOR_DOMAIN, DirectoryUrl, Listing, NetworkFile, NetworkName,
    SignedDescriptor, Trust, assemble,
    cosign::{CosignAnswer, CosignRequest},
    limits::LISTED_MAX,
    sign_listing,
};
use leek_identity::NodeKeys;

use crate::Verdict;

/// The node that signs what a fuzzer cannot sign.
pub fn node() -> NodeKeys {
    NodeKeys::from_seed([1; 32])
}

/// The directory that does.
pub fn directory() -> NodeKeys {
    NodeKeys::from_seed([200; 32])
}

/// Trusts that directory alone.
pub fn trust() -> &'static Trust {
    static TRUST: OnceLock<Trust> = OnceLock::new();
    TRUST.get_or_init(|| {
        let url = format!("leek://{}@127.0.0.1:7001", directory().id().to_hex());
        let signers = DirectoryUrl::parse(&url).map(|url| vec![url.0]);
        let trust = Trust::majority(NetworkName::default(), signers.unwrap_or_default());
        trust.unwrap_or_else(|error| panic!("one directory is enough: {error}"))
    })
}

/// An announcement.
pub fn announcement(data: &[u8]) -> Verdict {
    let read = SignedDescriptor::verify(&*fast().suite(), data).ok();
    if let Some(read) = &read {
        assert_eq!(read.bytes(), data);
    }
    Verdict::of(&read)
}

/// A descriptor as it stands inside an announcement; accepted when it is the node's above.
pub fn descriptor(data: &[u8]) -> Verdict {
    let suite = fast().suite();
    let text = [DESCRIPTOR_DOMAIN, data].concat();
    let signature = node().signing().sign(&*suite, &text);
    let bytes = [field(1, data), field(2, signature.as_bytes())].concat();
    let read = SignedDescriptor::verify(&*suite, &bytes).ok();
    if let Some(read) = &read {
        assert_eq!(read.descriptor().record.id, node().id());
        let again = read.descriptor().sign(&*suite, &node());
        assert_eq!(again.bytes(), bytes, "a descriptor has one encoding");
    }
    Verdict::of(&read)
}

/// A snapshot with its signatures.
pub fn snapshot(data: &[u8]) -> Verdict {
    let read = trust().authenticate(&*fast().suite(), data).ok();
    if let Some(read) = &read {
        assert_eq!(*read.signed, *data);
        assert_eq!(read.signers, [directory().id()]);
    }
    Verdict::of(&read)
}

/// A listing as it stands inside a snapshot, which the directory above signs.
pub fn listing(data: &[u8]) -> Verdict {
    let suite: &dyn Suite = &*fast().suite();
    let read = Listing::parse(data).ok();
    let signature: Signature = sign_listing(suite, &directory(), data);
    let signed = assemble(data, &[(directory().id(), signature)].into());
    let verified = trust().authenticate(suite, &signed).ok();
    match (&read, &verified) {
        (Some(read), Some(verified)) => {
            assert_eq!(*read, *verified.listing);
            assert_eq!(verified.snapshot.nodes().len(), read.nodes.len());
        }
        (Some(read), None) => assert_ne!(read.network, NetworkName::default()),
        (None, verified) => assert_eq!(*verified, None),
    }
    if let Some(read) = &read {
        assert_eq!(read.to_bytes(), data, "a listing has one encoding");
        assert!(read.nodes.len() <= LISTED_MAX);
        assert!(read.nodes.is_sorted_by(|a, b| a.record.id < b.record.id));
    }
    Verdict::of(&read)
}

/// A request for a signature.
pub fn cosign(data: &[u8]) -> Verdict {
    let read = CosignRequest::read(&*fast().suite(), data).ok();
    if let Some(read) = &read {
        assert_eq!(read.to_bytes(), data, "a request has one encoding");
    }
    Verdict::of(&read)
}

/// The answer to it.
pub fn cosign_answer(data: &[u8]) -> Verdict {
    let read = CosignAnswer::read(data).ok();
    if let Some(read) = &read {
        assert_eq!(read.to_bytes(), data, "an answer has one encoding");
    }
    Verdict::of(&read)
}

/// What a directory kept.
pub fn state(data: &[u8]) -> Verdict {
    let read = AuthorityState::parse(data).ok();
    if let Some(read) = &read {
        assert_eq!(read.to_bytes(), data, "a state has one encoding");
    }
    Verdict::of(&read)
}

/// A directory's URL.
pub fn url(data: &[u8]) -> Verdict {
    let read = text(data).and_then(|text| DirectoryUrl::parse(text).ok());
    if let Some(read) = &read {
        assert_eq!(DirectoryUrl::parse(&read.to_string()), Ok(*read));
    }
    Verdict::of(&read)
}

/// A network file.
pub fn network_file(data: &[u8]) -> Verdict {
    let read = text(data).map(NetworkFile::parse);
    match read {
        Some(Ok(file)) => {
            assert_eq!(NetworkFile::parse(&file.to_toml()), Ok(file));
            Verdict::Accepted
        }
        Some(Err(error)) => {
            assert!(error.place().0 > 0 && !error.to_string().is_empty());
            Verdict::Refused
        }
        None => Verdict::Refused,
    }
}

/// A protobuf field of bytes.
fn field(tag: u8, bytes: &[u8]) -> Vec<u8> {
    let mut out = vec![tag << 3 | 2];
    let mut len = bytes.len();
    while len > 0x7f {
        out.extend(u8::try_from(len & 0x7f).map(|low| low | 0x80));
        len >>= 7;
    }
    out.extend(u8::try_from(len));
    out.extend_from_slice(bytes);
    out
}

fn text(data: &[u8]) -> Option<&str> {
    std::str::from_utf8(data).ok()
}
