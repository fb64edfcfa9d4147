#![doc = include_str!("../README.md")]

mod address;
pub mod authority;
mod canon;
mod clocks;
pub mod cosign;
mod descriptor;
mod follower;
pub mod limits;
mod listing;
mod name;
mod network_file;
mod placement;
mod signed;
mod succession;
mod trust;
mod url;

pub use address::AddressRule;
pub use authority::{
    Authority, AuthorityConfig, AuthorityInput, AuthorityPrep, AuthorityState, ConfigError,
};
pub use canon::{Malformed, Problem};
pub use descriptor::{DESCRIPTOR_DOMAIN, Descriptor, DescriptorRefused, SignedDescriptor};
pub use follower::{Announcer, Follower, FollowerConfig, FollowerInput, FollowerPrep, Standing};
pub use listing::{Absent, Listed, Listing, ListingDigest};
pub use name::{NetworkName, ParseNameError};
pub use network_file::{NetworkFile, NetworkFileError};
pub use placement::SwarmRule;
pub use signed::{SNAPSHOT_DOMAIN, assemble, sign_listing};
pub use trust::{DirectoryAddress, SnapshotRefused, Trust, TrustError, Verified};
pub use url::{DirectoryUrl, ParseUrlError};
