//! A lab's state on disk, in one file of an embedded database whose transactions hold or do not happen.
//!
//! What was issued is on disk before the client hears of it. Whatever ends the program, and whenever, the
//! next one finds the state after some exchange, and every certificate that a client may have got.

use std::path::Path;
use std::sync::{Mutex, PoisonError};

use redb::{Database, Durability, ReadableDatabase as _, ReadableTable as _, TableDefinition};
use scep_core::UnixTime;
use scep_core::x509::Certificate;

use crate::error::{Error, Result};
use crate::journal::{CAPACITY, JournalEntry};
use crate::runtime::ca_database::IssuedCertificate;
use crate::saved::{Moment, World};
use crate::simulation::Simulation;

/// `world` and `moment`, as JSON.
const STATE: TableDefinition<'_, &str, &str> = TableDefinition::new("state");
/// By the CA's number of the request: when, and the certificate.
const ISSUED: TableDefinition<'_, u32, (i64, &[u8])> = TableDefinition::new("issued");
/// By number: entries as JSON.
const JOURNAL: TableDefinition<'_, u64, &str> = TableDefinition::new("journal");

/// The file in the folder.
const FILE: &str = "lab.redb";

/// The database, and how much of a deployment is in it.
pub(crate) struct Store {
    database: Database,
    marks: Mutex<Marks>,
}

#[derive(Default)]
struct Marks {
    issued: usize,
    journal: u64,
    world: String,
    moment: String,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Store")
    }
}

/// Everything that was saved.
pub(crate) struct Loaded {
    pub(crate) world: World,
    pub(crate) moment: Moment,
    pub(crate) issued: Vec<IssuedCertificate>,
    pub(crate) journal: Vec<JournalEntry>,
}

fn failed(error: impl std::fmt::Display) -> Error {
    Error::Data {
        what: "the lab's state on disk".to_owned(),
        reason: error.to_string(),
    }
}

impl Store {
    /// Opens the database in a folder; makes both if they are not there.
    ///
    /// # Errors
    /// [`Error::Data`] if it cannot be opened, or another program has it open.
    pub(crate) fn open(folder: &Path) -> Result<Self> {
        create_private(folder).map_err(failed)?;
        let path = folder.join(FILE);
        let database = Database::create(&path).map_err(|error| Error::Data {
            what: path.display().to_string(),
            reason: error.to_string(),
        })?;
        Ok(Self {
            database,
            marks: Mutex::default(),
        })
    }

    /// The port that the certificates of another run name for the CRL, so that it can be taken again.
    pub(crate) fn crl_port(&self) -> Option<u16> {
        let read = self.database.begin_read().ok()?;
        let state = read.open_table(STATE).ok()?;
        let world = state.get("world").ok()??;
        let world: World = serde_json::from_str(world.value()).ok()?;
        let (_, rest) = world.crl_url.split_once("://")?;
        let (_, port) = rest.split('/').next()?.rsplit_once(':')?;
        port.parse().ok()
    }

    /// What was saved; `None` if nothing was.
    ///
    /// # Errors
    /// [`Error::Data`] if it cannot be read.
    pub(crate) fn load(&self) -> Result<Option<Loaded>> {
        let read = self.database.begin_read().map_err(failed)?;
        let state = match read.open_table(STATE) {
            Ok(state) => state,
            Err(redb::TableError::TableDoesNotExist(_)) => return Ok(None),
            Err(error) => return Err(failed(error)),
        };
        let text = |name: &str| -> Result<Option<String>> {
            let value = state.get(name).map_err(failed)?;
            Ok(value.map(|value| value.value().to_owned()))
        };
        let (Some(world), Some(moment)) = (text("world")?, text("moment")?) else {
            return Ok(None);
        };
        let mut issued = Vec::new();
        let table = read.open_table(ISSUED).map_err(failed)?;
        for row in table.iter().map_err(failed)? {
            let (id, value) = row.map_err(failed)?;
            let (issued_at, der) = value.value();
            issued.push(IssuedCertificate {
                request_id: id.value(),
                certificate: Certificate::from_der(der).map_err(failed)?,
                issued_at,
            });
        }
        let mut journal = Vec::new();
        let table = read.open_table(JOURNAL).map_err(failed)?;
        for row in table.iter().map_err(failed)? {
            let (_, entry) = row.map_err(failed)?;
            journal.push(serde_json::from_str(entry.value()).map_err(failed)?);
        }
        let loaded = Loaded {
            world: serde_json::from_str(&world).map_err(failed)?,
            moment: serde_json::from_str(&moment).map_err(failed)?,
            issued,
            journal,
        };
        let mut marks = self.marks.lock().unwrap_or_else(PoisonError::into_inner);
        *marks = Marks {
            issued: loaded.issued.len(),
            journal: loaded
                .journal
                .last()
                .map_or(0, |entry: &JournalEntry| entry.n),
            world,
            moment,
        };
        Ok(Some(loaded))
    }

    /// Saves what is new, at once and as a whole. `settings` says whether those may have changed.
    ///
    /// # Errors
    /// [`Error::Data`] if it cannot be written; then nothing was.
    pub(crate) fn save(
        &self,
        simulation: &Simulation,
        now: UnixTime,
        settings: bool,
    ) -> Result<()> {
        let mut marks = self.marks.lock().unwrap_or_else(PoisonError::into_inner);
        let d = simulation.deployment();
        let world = if settings || marks.world.is_empty() {
            let world = World::of(d, simulation.choice());
            serde_json::to_string(&world).map_err(failed)?
        } else {
            marks.world.clone()
        };
        let moment = serde_json::to_string(&Moment::of(d, now)).map_err(failed)?;
        let issued = d.issued().get(marks.issued..).unwrap_or_default();
        let mut write = self.database.begin_write().map_err(failed)?;
        // what only tells of a request that changed nothing may be lost in a crash
        let lasting = !issued.is_empty() || world != marks.world || d.has_pending();
        if !lasting {
            write.set_durability(Durability::None).map_err(failed)?;
        }
        let newest;
        {
            let mut state = write.open_table(STATE).map_err(failed)?;
            if world != marks.world {
                state.insert("world", world.as_str()).map_err(failed)?;
            }
            if moment != marks.moment {
                state.insert("moment", moment.as_str()).map_err(failed)?;
            }
            let mut table = write.open_table(ISSUED).map_err(failed)?;
            for one in issued {
                let value = (one.issued_at, one.certificate.as_der());
                table.insert(one.request_id, value).map_err(failed)?;
            }
            let mut table = write.open_table(JOURNAL).map_err(failed)?;
            newest = d.journal().last().map_or(0, |entry| entry.n);
            if newest == 0 && marks.journal > 0 {
                // somebody has emptied it
                table.retain(|_, _| false).map_err(failed)?;
            }
            let last = if newest == 0 { 0 } else { marks.journal };
            let fresh: Vec<&JournalEntry> = d.journal().filter(|entry| entry.n > last).collect();
            for entry in fresh {
                let text = serde_json::to_string(entry).map_err(failed)?;
                table.insert(entry.n, text.as_str()).map_err(failed)?;
                let oldest = entry
                    .n
                    .saturating_sub(u64::try_from(CAPACITY).unwrap_or(u64::MAX));
                table.remove(oldest).map_err(failed)?;
            }
        }
        write.commit().map_err(failed)?;
        *marks = Marks {
            issued: d.issued().len(),
            journal: newest,
            world,
            moment,
        };
        Ok(())
    }
}

/// A folder that only its owner may look into, as private keys are in it.
#[cfg(unix)]
fn create_private(folder: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
}

#[cfg(not(unix))]
fn create_private(folder: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(folder)
}
