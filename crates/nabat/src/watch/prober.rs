//! Makes the probes that are due: never too many at once, never too many to one host.
//!
//! Witnesses wait for nothing: whether Nabat sees anything has to be known just when all other probes
//! wait for answers that do not come.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use nabat_core::monitor::MonitorId;
use nabat_core::time::Timestamp;
use tokio::sync::mpsc;

use crate::clock;
use crate::probe::{Condition, Manner, Report, Target, Tools};

/// Makes probes.
#[derive(Debug)]
pub(super) struct Prober {
    tools: Arc<Tools>,
    done: mpsc::UnboundedSender<Done>,
    limits: Limits,
    /// How many are under way.
    busy: usize,
    hosts: HashMap<Arc<str>, Host>,
    /// Those that wait because too many are under way in all.
    waiting: VecDeque<Job>,
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

#[derive(Debug, Default)]
struct Host {
    busy: usize,
    waiting: VecDeque<Job>,
}

impl Prober {
    pub(super) fn new(
        tools: Arc<Tools>,
        limits: Limits,
        done: mpsc::UnboundedSender<Done>,
    ) -> Self {
        Self {
            tools,
            done,
            limits,
            busy: 0,
            hosts: HashMap::new(),
            waiting: VecDeque::new(),
        }
    }

    pub(super) fn limit(&mut self, limits: Limits) {
        self.limits = limits;
    }

    /// What probes are made with.
    pub(super) fn tools(&self) -> Arc<Tools> {
        Arc::clone(&self.tools)
    }

    /// Makes a probe as soon as there is room; that of a witness at once.
    pub(super) fn probe(&mut self, job: Job) {
        if let For::Witness(_) = job.of {
            return self.begin(job);
        }
        let host = self.hosts.entry(job.target.host()).or_default();
        if host.busy >= self.limits.per_host {
            host.waiting.push_back(job);
        } else if self.busy >= self.limits.at_once {
            self.waiting.push_back(job);
        } else {
            host.busy += 1;
            self.busy += 1;
            self.begin(job);
        }
    }

    fn begin(&self, job: Job) {
        let tools = Arc::clone(&self.tools);
        let promise = Promise {
            of: job.of,
            target: Arc::clone(&job.target),
            begun_at: clock::now(),
            report: None,
            done: self.done.clone(),
        };
        tokio::spawn(async move {
            promise.keep(job.target.probe(&job.conditions, &tools, job.manner).await);
        });
    }

    /// Makes room after a probe.
    pub(super) fn finished(&mut self, done: &Done) {
        if let For::Witness(_) = done.of {
            return; // It took none.
        }
        self.busy = self.busy.saturating_sub(1);
        let host = done.target.host();
        let next = self.hosts.get_mut(&host).and_then(|host| {
            host.busy = host.busy.saturating_sub(1);
            host.waiting.pop_front()
        });
        if let Some(next) = next {
            self.probe(next);
        } else if self.hosts.get(&host).is_some_and(|host| host.busy == 0) {
            self.hosts.remove(&host);
        }
        while self.busy < self.limits.at_once
            && let Some(job) = self.waiting.pop_front()
        {
            self.probe(job);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::net::TcpListener;
    use tokio::time::timeout;

    use super::*;
    use crate::probe::{Outcome, ssh, tcp};

    #[tokio::test]
    async fn a_witness_is_asked_though_all_room_is_taken_by_probes_that_wait_for_answers() {
        let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = silent.local_addr().unwrap();
        let mute = ssh::Ssh {
            address: address.to_string().parse().unwrap(),
            matches: None,
        };
        let open = tcp::Tcp::new(address.to_string().parse().unwrap());
        let (done, mut results) = mpsc::unbounded_channel();
        let limits = Limits {
            at_once: 1,
            per_host: 1,
        };
        let mut prober = Prober::new(Arc::new(Tools::start().unwrap()), limits, done);
        let job = |of, target| Job {
            of,
            target: Arc::new(target),
            conditions: Arc::default(),
            manner: Manner::within(Duration::from_secs(60)),
        };
        for number in 1..=2 {
            let of = For::Monitor(MonitorId(number));
            prober.probe(job(of, Target::Ssh(Arc::new(mute.clone()))));
        }
        prober.probe(job(For::Witness(0), Target::Tcp(Arc::new(open))));
        let first = timeout(Duration::from_secs(20), results.recv()).await;
        let first = first.unwrap().unwrap();
        assert_eq!(first.of, For::Witness(0));
        assert_eq!(first.report.outcome, Outcome::Up);
        prober.finished(&first);
        assert_eq!(prober.busy, 1, "it makes no room for others");
    }
}
