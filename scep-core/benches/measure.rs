//! Measures what is asked of it: CPU time of this thread, many interleaved rounds, the lowest median.
//!
//! A machine that does other things as well makes code slower, never faster. So each task is run in
//! every round, a round's result is the median of a few batches, and a task's result is its lowest
//! round. Tasks that are to be compared belong into one [`run`], since a processor changes its pace.

use std::time::Duration;

/// Batches of a task in a round, of which the median counts.
const BATCHES: usize = 5;
/// How long a batch should take at least, so that reading the clock does not count.
const BATCH: Duration = Duration::from_micros(250);

/// Something to measure.
pub(crate) struct Task<'a> {
    /// What it is.
    pub(crate) name: String,
    run: Box<dyn FnMut() + 'a>,
    repeats: u32,
    rounds: Vec<f64>,
}

impl<'a> Task<'a> {
    /// A task that will be repeated: it must do the same every time.
    pub(crate) fn new(name: impl Into<String>, run: impl FnMut() + 'a) -> Self {
        Self {
            name: name.into(),
            run: Box::new(run),
            repeats: 1,
            rounds: Vec::new(),
        }
    }

    /// Microseconds in the best round.
    pub(crate) fn micros(&self) -> f64 {
        self.rounds.iter().copied().fold(f64::INFINITY, f64::min)
    }

    /// Microseconds in the middle round: how far it is above [`micros`](Self::micros) shows how busy
    /// the machine was.
    pub(crate) fn usual_micros(&self) -> f64 {
        median(self.rounds.clone())
    }

    /// How many times as long as `other` it takes: the median of the ratios within a round, in which
    /// both run one after the other, so that the pace of the machine drops out.
    pub(crate) fn ratio_to(&self, other: &Self) -> f64 {
        let rounds = self.rounds.iter().zip(&other.rounds);
        median(rounds.map(|(ours, theirs)| ours / theirs).collect())
    }

    fn batch(&mut self) -> Duration {
        let start = now();
        for _ in 0..self.repeats {
            (self.run)();
        }
        now().saturating_sub(start)
    }

    /// Doubles the repetitions until a batch is long enough; that warms up as well.
    fn calibrate(&mut self) {
        self.batch();
        while self.batch() < BATCH && self.repeats < 1 << 20 {
            self.repeats *= 2;
        }
    }

    fn round(&mut self) {
        let repeats = f64::from(self.repeats);
        let batches = (0..BATCHES)
            .map(|_| self.batch().as_secs_f64() * 1e6 / repeats)
            .collect();
        self.rounds.push(median(batches));
    }
}

/// Measures all tasks, in turn.
pub(crate) fn run(tasks: &mut [Task<'_>], rounds: usize) {
    tasks.iter_mut().for_each(Task::calibrate);
    for _ in 0..rounds {
        tasks.iter_mut().for_each(Task::round);
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// What is measured, and on what: two lines for the head of a table.
pub(crate) fn describe(rounds: usize) -> String {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    format!(
        "{CLOCK}; lowest of {rounds} interleaved rounds, each the median of {BATCHES} batches\n\
         {} cores, {}, {} {}",
        cores,
        processor(),
        std::env::consts::ARCH,
        std::env::consts::OS,
    )
}

/// The processor, with the extensions that speed up cryptography.
fn processor() -> String {
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let field = |name: &str| {
        let line = info.lines().find(|line| line.starts_with(name));
        line.and_then(|line| line.split_once(": "))
            .map(|(_, value)| value.to_owned())
    };
    let Some(model) = field("model name") else {
        return "unknown processor".into();
    };
    let flags = field("flags").unwrap_or_default();
    let fast: Vec<&str> = ["adx", "aes", "avx512ifma", "sha_ni", "vaes"]
        .into_iter()
        .filter(|wanted| flags.split(' ').any(|flag| flag == *wanted))
        .collect();
    format!("{model} ({})", fast.join(", "))
}

#[cfg(target_os = "linux")]
const CLOCK: &str = "CPU time of the thread";

#[cfg(target_os = "linux")]
fn now() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::try_from(time).unwrap_or_default()
}

#[cfg(not(target_os = "linux"))]
const CLOCK: &str = "elapsed time";

#[cfg(not(target_os = "linux"))]
fn now() -> Duration {
    static START: std::sync::OnceLock<std::time::Instant> = std::sync::OnceLock::new();
    START.get_or_init(std::time::Instant::now).elapsed()
}
