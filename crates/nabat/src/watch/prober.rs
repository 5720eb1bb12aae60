//! Has the probes made that are due: never too many at once, never too many to one host.
//!
//! Witnesses wait for nothing: whether Nabat sees anything has to be known just when all other probes
//! wait for answers that do not come.

mod workers;

use std::collections::HashMap;
use std::io;
use std::sync::Arc;

use nabat_core::monitor::MonitorId;
use nabat_core::time::Timestamp;
use tokio::sync::{Semaphore, mpsc};

use crate::probe::{Condition, Manner, Report, Target, Tools};
use workers::Workers;

pub(super) use workers::GATHERED;

/// Has probes made.
#[derive(Debug)]
pub(super) struct Prober {
    tools: Arc<Tools>,
    workers: Workers,
    limits: Limits,
    /// Room for all that may be under way at once.
    room: Arc<Semaphore>,
    hosts: HashMap<Arc<str>, Host>,
    /// Those that are made at the next [`Self::begin`].
    due: Vec<Turn>,
}

/// How many probes may be under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Limits {
    pub(super) at_once: usize,
    pub(super) per_host: usize,
}

/// Who wants to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum For {
    /// A monitor.
    Monitor(MonitorId),
    /// The witness with this index.
    Witness(usize),
}

/// A probe to make.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) of: For,
    pub(super) target: Arc<Target>,
    pub(super) conditions: Arc<[Condition]>,
    pub(super) manner: Manner,
}

/// What came of a probe.
#[derive(Debug)]
pub(super) struct Done {
    pub(super) of: For,
    pub(super) target: Arc<Target>,
    pub(super) begun_at: Timestamp,
    pub(super) report: Report,
}

/// A probe to make once there is room for it, if it needs any: at its host, then among all.
#[derive(Debug)]
struct Turn {
    job: Job,
    rooms: Option<[Arc<Semaphore>; 2]>,
}

/// Says what came of a probe, whatever happens: one that nobody hears of would never be made again.
#[derive(Debug)]
struct Promise {
    of: For,
    target: Arc<Target>,
    begun_at: Timestamp,
    report: Option<Report>,
    done: mpsc::UnboundedSender<Done>,
}

impl Promise {
    fn keep(mut self, report: Report) {
        self.report = Some(report);
    }
}

impl Drop for Promise {
    fn drop(&mut self) {
        let broken =
            || Report::unknown("Nabat made a mistake; please report the panic from the log");
        // Without somebody who wants to know Nabat is stopping.
        let _ = self.done.send(Done {
            of: self.of,
            target: Arc::clone(&self.target),
            begun_at: self.begun_at,
            report: self.report.take().unwrap_or_else(broken),
        });
    }
}

#[derive(Debug)]
struct Host {
    room: Arc<Semaphore>,
    /// How many probes wait for it or are made.
    underway: usize,
}

impl Prober {
    /// Prepares probes. What comes of them goes to `results`.
    ///
    /// # Errors
    /// See [`Workers::start`].
    pub(super) fn start(
        tools: Arc<Tools>,
        limits: Limits,
        results: &mpsc::UnboundedSender<Vec<Done>>,
    ) -> io::Result<Self> {
        Ok(Self {
            workers: Workers::start(&tools, results)?,
            tools,
            limits,
            room: Arc::new(Semaphore::new(limits.at_once)),
            hosts: HashMap::new(),
            due: Vec::new(),
        })
    }

    /// Goes by other limits. What is under way already counts no more.
    pub(super) fn limit(&mut self, limits: Limits) {
        if self.limits != limits {
            self.limits = limits;
            self.room = Arc::new(Semaphore::new(limits.at_once));
            for host in self.hosts.values_mut() {
                host.room = Arc::new(Semaphore::new(limits.per_host));
            }
        }
    }

    /// What probes are made with.
    pub(super) fn tools(&self) -> Arc<Tools> {
        Arc::clone(&self.tools)
    }

    /// Puts down a probe that is due: to be made as soon as there is room, that of a witness at once.
    pub(super) fn probe(&mut self, job: Job) {
        let rooms = match job.of {
            For::Witness(_) => None,
            For::Monitor(_) => Some([self.room_at(job.target.host()), Arc::clone(&self.room)]),
        };
        self.due.push(Turn { job, rooms });
    }

    /// The room at a host, for one more probe.
    fn room_at(&mut self, host: Arc<str>) -> Arc<Semaphore> {
        let per_host = self.limits.per_host;
        let host = self.hosts.entry(host).or_insert_with(|| Host {
            room: Arc::new(Semaphore::new(per_host)),
            underway: 0,
        });
        host.underway += 1;
        Arc::clone(&host.room)
    }

    /// Has the probes made that were put down.
    pub(super) fn begin(&mut self) {
        if !self.due.is_empty() {
            self.workers.make(std::mem::take(&mut self.due));
        }
    }

    /// Forgets a probe that was made.
    pub(super) fn finished(&mut self, done: &Done) {
        if let For::Witness(_) = done.of {
            return; // It took no room.
        }
        let host = done.target.host();
        if let Some(at_host) = self.hosts.get_mut(&host) {
            at_host.underway -= 1;
            if at_host.underway == 0 {
                self.hosts.remove(&host);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;
    use std::time::Duration;

    use tokio::net::{TcpListener, TcpStream};
    use tokio::time::timeout;

    use super::*;
    use crate::probe::{Outcome, ssh, tcp};

    const PATIENCE: Duration = Duration::from_secs(20);

    struct World {
        prober: Prober,
        results: mpsc::UnboundedReceiver<Vec<Done>>,
    }

    impl World {
        fn with(at_once: usize, per_host: usize) -> Self {
            let (done, results) = mpsc::unbounded_channel();
            let tools = Arc::new(Tools::start().unwrap());
            let limits = Limits { at_once, per_host };
            let prober = Prober::start(tools, limits, &done).unwrap();
            Self { prober, results }
        }

        /// Looks at an SSH server as a monitor of this number.
        fn ask_ssh(&mut self, number: u64, address: SocketAddr) {
            let ssh = ssh::Ssh {
                address: address.to_string().parse().unwrap(),
                matches: None,
            };
            let of = For::Monitor(MonitorId(number));
            self.ask(of, Target::Ssh(Arc::new(ssh)));
        }

        fn ask(&mut self, of: For, target: Target) {
            self.prober.probe(Job {
                of,
                target: Arc::new(target),
                conditions: Arc::default(),
                manner: Manner::within(Duration::from_secs(60)),
            });
        }

        async fn heard(&mut self) -> Vec<Done> {
            let heard = timeout(PATIENCE, self.results.recv()).await;
            heard.unwrap().unwrap()
        }
    }

    async fn accepted(listener: &TcpListener) -> TcpStream {
        let accepted = timeout(PATIENCE, listener.accept()).await;
        accepted.unwrap().unwrap().0
    }

    #[tokio::test]
    async fn a_witness_is_asked_though_all_room_is_taken_by_probes_that_wait_for_answers() {
        let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = silent.local_addr().unwrap();
        let mut world = World::with(1, 1);
        for number in 1..=2 {
            world.ask_ssh(number, address);
        }
        let open = tcp::Tcp::new(address.to_string().parse().unwrap());
        world.ask(For::Witness(0), Target::Tcp(Arc::new(open)));
        world.prober.begin();
        let heard = world.heard().await;
        let [first] = &heard[..] else {
            panic!("more than the witness was heard: {heard:?}");
        };
        assert_eq!(first.of, For::Witness(0));
        assert_eq!(first.report.outcome, Outcome::Up);
        world.prober.finished(first);
        assert_eq!(world.prober.hosts.len(), 1, "the others still wait");
    }

    #[tokio::test]
    async fn no_more_probes_are_made_at_once_than_may_be() {
        for (at_once, per_host) in [(10, 1), (1, 10)] {
            let server = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = server.local_addr().unwrap();
            let mut world = World::with(at_once, per_host);
            for number in 1..=3 {
                world.ask_ssh(number, address);
            }
            world.prober.begin();
            for left in (0..3).rev() {
                let asked = accepted(&server).await;
                let another = timeout(Duration::from_millis(20), server.accept()).await;
                assert!(another.is_err(), "another was asked meanwhile");
                drop(asked);
                let heard = world.heard().await;
                heard.iter().for_each(|done| world.prober.finished(done));
                assert_eq!(world.prober.hosts.len(), usize::from(left > 0));
            }
        }
    }
}
