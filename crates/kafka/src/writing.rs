//! A producer whose every record tells its caller what became of it.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

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
    /// The producer was closed before the record was acknowledged.
    pub(crate) closed: bool,
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
        let producer = RwLock::new(Arc::new(settings.create_with_context(Deliveries::default())?));
        Ok(Self { settings, producer })
    }

    /// Queues a record; gives `written` back where nothing more fits, or nothing can be written.
    pub(crate) fn send(
        &self,
        outgoing: Outgoing<'_>,
        written: Written,
    ) -> Result<(), (KafkaError, Written)> {
        let producer = self.producer();
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

    /// An idempotent producer that has lost its place in a partition's sequence never writes again.
    fn replace(&self, failed: &Arc<Threaded>) {
        let mut producer = self.producer.write().unwrap_or_else(PoisonError::into_inner);
        if !Arc::ptr_eq(&producer, failed) {
            return;
        }
        match self.settings.create_with_context(Deliveries::default()) {
            Ok(new) => {
                tracing::warn!("a producer of Kafka has failed for good, and is replaced");
                end(std::mem::replace(&mut *producer, Arc::new(new)));
            }
            Err(error) => tracing::error!(%error, "a producer of Kafka cannot be replaced"),
        }
    }
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
#[derive(Default)]
struct Deliveries {
    /// What the producer is not allowed, which ends it: what waited in it is only said to be purged.
    fatal: Mutex<Option<String>>,
}

impl Deliveries {
    fn failed(&self, error: &KafkaError) -> WriteFailed {
        let is_purged = matches!(
            error.rdkafka_error_code(),
            Some(RDKafkaErrorCode::PurgeQueue | RDKafkaErrorCode::PurgeInflight)
        );
        let fatal = self.fatal.lock().unwrap_or_else(PoisonError::into_inner).clone();
        match fatal {
            Some(what) if is_purged => WriteFailed { closed: false, what },
            Some(_) | None => WriteFailed { closed: is_purged, what: said(error) },
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
            let mut fatal = self.fatal.lock().unwrap_or_else(PoisonError::into_inner);
            fatal.get_or_insert_with(|| with_right(reason));
        }
    }
}

impl ProducerContext for Deliveries {
    type DeliveryOpaque = Box<Waiting>;

    fn delivery(&self, result: &DeliveryResult<'_>, waiting: Box<Waiting>) {
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
