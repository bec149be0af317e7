//! A producer whose every record tells its caller what became of it.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use accolade_domain::time::Timestamp;
use accolade_engine::ordered::Place;
use rdkafka::ClientContext;
use rdkafka::config::{ClientConfig, RDKafkaLogLevel};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{BorrowedMessage, Message, OwnedHeaders, Timestamp as Stamp};
use rdkafka::producer::{BaseRecord, DeliveryResult, Producer, ProducerContext, ThreadedProducer};

use crate::clients::report;
use crate::error::{is_not_allowed, said, with_right};

/// Hears what became of a record, on the producer's thread.
pub(crate) type Written = Box<dyn FnOnce(Result<Place, WriteFailed>) + Send>;

/// Why a record is not known to stand.
#[derive(Debug, Clone)]
pub(crate) struct WriteFailed {
    pub(crate) what: String,
}

/// A record to be written.
#[derive(Debug)]
pub(crate) struct Outgoing<'a> {
    pub(crate) topic: &'a str,
    pub(crate) partition: u16,
    pub(crate) key: Option<&'a [u8]>,
    pub(crate) value: &'a [u8],
    pub(crate) headers: Option<OwnedHeaders>,
}

type Threaded = ThreadedProducer<Deliveries>;

/// A producer that is replaced where it has failed for good.
pub(crate) struct Writer {
    settings: ClientConfig,
    producer: RwLock<Arc<Threaded>>,
}

impl fmt::Debug for Writer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Writer").finish_non_exhaustive()
    }
}

impl Writer {
    pub(crate) fn new(settings: ClientConfig) -> Result<Self, KafkaError> {
        let producer = RwLock::new(Arc::new(create(&settings)?));
        Ok(Self { settings, producer })
    }

    /// Queues a record; gives `written` back where nothing more fits, or nothing can be written.
    pub(crate) fn send(
        &self,
        outgoing: Outgoing<'_>,
        written: Written,
    ) -> Result<(), (KafkaError, Written)> {
        let mut producer = self.producer();
        if producer.context().is_stuck.load(Ordering::Acquire) {
            producer.context().ends("a producer that wrote nothing any more was given up");
            self.replace(&producer);
            producer = self.producer();
        }
        let waiting = Box::new(Waiting(Mutex::new(Some(written))));
        let mut record = BaseRecord::with_opaque_to(outgoing.topic, waiting)
            .partition(i32::from(outgoing.partition))
            .payload(outgoing.value);
        record.key = outgoing.key;
        record.headers = outgoing.headers;
        producer.send(record).map_err(|(error, record)| {
            let error = if is_fatal(&error) {
                self.replace(&producer);
                cause(&producer).unwrap_or(error)
            } else {
                error
            };
            (error, record.delivery_opaque.take().expect("it was not delivered"))
        })
    }

    fn producer(&self) -> Arc<Threaded> {
        Arc::clone(&self.producer.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// An idempotent producer that has lost its place in a partition's sequence never writes again, and one
    /// sometimes does not after all brokers were away.
    fn replace(&self, failed: &Arc<Threaded>) {
        let mut producer = self.producer.write().unwrap_or_else(PoisonError::into_inner);
        if !Arc::ptr_eq(&producer, failed) {
            return;
        }
        match create(&self.settings) {
            Ok(new) => {
                tracing::warn!("a producer of Kafka writes nothing any more, and is replaced");
                end(std::mem::replace(&mut *producer, Arc::new(new)));
            }
            Err(error) => tracing::error!(%error, "a producer of Kafka cannot be replaced"),
        }
    }
}

fn create(settings: &ClientConfig) -> Result<Threaded, KafkaError> {
    let patience = settings.get("message.timeout.ms").and_then(|ms| ms.parse().ok());
    settings.create_with_context(Deliveries {
        fatal: Mutex::default(),
        patience: patience.map_or(Duration::MAX, Duration::from_millis),
        written_at: Mutex::new(Instant::now()),
        is_stuck: AtomicBool::new(false),
    })
}

/// Ends a producer from a thread of its own: whoever found it failed may be on the very thread that
/// would be waited for.
fn end(failed: Arc<Threaded>) {
    std::thread::spawn(move || {
        while Arc::strong_count(&failed) > 1 {
            std::thread::sleep(Duration::from_millis(10));
        }
    });
}

fn is_fatal(error: &KafkaError) -> bool {
    matches!(error.rdkafka_error_code(), Some(RDKafkaErrorCode::Fatal))
}

/// What a producer has failed of for good.
fn cause(failed: &Threaded) -> Option<KafkaError> {
    failed.client().fatal_error().map(|(code, _)| KafkaError::MessageProduction(code))
}

/// Takes acknowledgements to whoever waits for them.
struct Deliveries {
    /// What has ended the producer: what waited in it is only said to be purged.
    fatal: Mutex<Option<String>>,
    /// How long a record may wait.
    patience: Duration,
    written_at: Mutex<Instant>,
    /// A record has waited in vain, and none was written meanwhile.
    is_stuck: AtomicBool,
}

impl Deliveries {
    fn ends(&self, why: &str) {
        let mut fatal = self.fatal.lock().unwrap_or_else(PoisonError::into_inner);
        fatal.get_or_insert_with(|| why.to_owned());
    }

    fn heard(&self, result: &DeliveryResult<'_>) {
        let mut written_at = self.written_at.lock().unwrap_or_else(PoisonError::into_inner);
        match result {
            Ok(_) => {
                *written_at = Instant::now();
                self.is_stuck.store(false, Ordering::Release);
            }
            Err((error, _)) => {
                let timed_out = Some(RDKafkaErrorCode::MessageTimedOut);
                if error.rdkafka_error_code() == timed_out && written_at.elapsed() >= self.patience
                {
                    self.is_stuck.store(true, Ordering::Release);
                }
            }
        }
    }

    fn failed(&self, error: &KafkaError) -> WriteFailed {
        let is_purged = matches!(
            error.rdkafka_error_code(),
            Some(RDKafkaErrorCode::PurgeQueue | RDKafkaErrorCode::PurgeInflight)
        );
        let fatal = self.fatal.lock().unwrap_or_else(PoisonError::into_inner).clone();
        match fatal {
            Some(what) if is_purged => WriteFailed { what },
            Some(_) | None => WriteFailed { what: said(error) },
        }
    }
}

/// Whoever waits for one acknowledgement.
struct Waiting(Mutex<Option<Written>>);

impl Waiting {
    fn take(self) -> Option<Written> {
        self.0.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ClientContext for Deliveries {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        report(level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        tracing::debug!(%error, reason, "kafka");
        if is_not_allowed(&error) {
            self.ends(&with_right(reason));
        }
    }
}

impl ProducerContext for Deliveries {
    type DeliveryOpaque = Box<Waiting>;

    fn delivery(&self, result: &DeliveryResult<'_>, waiting: Box<Waiting>) {
        self.heard(result);
        let written = waiting.take().expect("an acknowledgement comes once");
        written(match result {
            Ok(message) => Ok(place(message)),
            Err((error, _)) => Err(self.failed(error)),
        });
    }
}

fn place(message: &BorrowedMessage<'_>) -> Place {
    let time = match message.timestamp() {
        Stamp::LogAppendTime(ms) => Some(Timestamp::from_micros(ms.saturating_mul(1_000))),
        Stamp::CreateTime(_) | Stamp::NotAvailable => None,
    };
    Place { offset: message.offset(), time }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[test]
    fn a_producer_in_which_records_wait_in_vain_is_replaced() {
        let mut settings = ClientConfig::new();
        // Nobody listens there.
        settings.set("bootstrap.servers", "127.0.0.1:1").set("message.timeout.ms", "300");
        let writer = Writer::new(settings).unwrap();
        let first = writer.producer();
        let send = || {
            let (tell, told) = mpsc::channel();
            let outgoing =
                Outgoing { topic: "t", partition: 0, key: None, value: b"v", headers: None };
            let written = Box::new(move |result: Result<Place, WriteFailed>| {
                tell.send(result).unwrap();
            });
            assert!(writer.send(outgoing, written).is_ok());
            assert!(told.recv_timeout(Duration::from_secs(20)).unwrap().is_err());
        };
        send();
        assert!(Arc::ptr_eq(&first, &writer.producer()));
        send();
        assert!(!Arc::ptr_eq(&first, &writer.producer()));
    }
}
