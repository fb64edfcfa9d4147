use leek_wire::limits;

/// Bytes of one page of the database. Measured against 4 and 16 KiB: see the README.
pub(super) const PAGE_BYTES: u32 = 8_192;

/// The smallest database: its tables, and room to work.
const PAGES_MIN: u32 = 64;

/// SQLite's largest number of pages.
const PAGES_MAX: u32 = u32::MAX - 1;

/// How a store is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreConfig {
    /// Bytes of messages (data only) that fit.
    pub capacity_bytes: u64,
    /// Bytes of the database file: what bounds messages that are small beside their bookkeeping.
    pub file_bytes_max: u64,
    /// What a commit waits for.
    pub synchronous: Synchronous,
    /// Bytes of pages kept in memory.
    pub cache_bytes: u64,
    /// Bytes set aside on the disk, so that a full disk can still take deletes; 0 for none.
    pub reserve_bytes: u64,
}

/// What a commit waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Synchronous {
    /// The disk: what is committed survives a power cut.
    Full,
    /// The operating system: what is committed survives the process, and a power cut may take the
    /// newest commits, whole.
    Normal,
}

impl StoreConfig {
    /// A store for `capacity_bytes` of messages, everything else by default: a file of twice that
    /// and 1 MiB (1 KiB messages take 1.3 bytes for each byte), commits that wait for the disk,
    /// 16 MiB of cache, a reserve of 8 MiB.
    pub const fn with_capacity(capacity_bytes: u64) -> Self {
        Self {
            capacity_bytes,
            file_bytes_max: capacity_bytes.saturating_mul(2).saturating_add(1 << 20),
            synchronous: Synchronous::Full,
            cache_bytes: 16 << 20,
            reserve_bytes: 8 << 20,
        }
    }

    /// The largest number of pages.
    pub(super) fn pages_max(&self) -> u32 {
        let pages = self.file_bytes_max / u64::from(PAGE_BYTES);
        u32::try_from(pages).map_or(PAGES_MAX, |pages| pages.clamp(PAGES_MIN, PAGES_MAX))
    }
}

impl Default for StoreConfig {
    /// The deployed cap (network spec 5.1).
    fn default() -> Self {
        Self::with_capacity(limits::STORE_BYTES_MAX)
    }
}
