"""
The wire over RabbitMQ, through kombu: topology, the relay that empties an outbox, the consumer that feeds an inbox.

Confirms are matched to messages by our own ledger of delivery tags: kombu's `confirm_publish` waits for *any* ack, so
after a timeout a late ack is credited to the next message (measured). Web workers never come here.
"""

__all__ = ["EXCHANGE", "Consumer", "Relay", "celery_app", "declare", "queue_name"]

import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Self

import kombu
import sqlalchemy as sa
from amqp.exceptions import AMQPError
from kombu import Connection, Exchange, Queue

from shared import inbox as ear
from shared import jobs
from shared.clock import real_now
from shared.envelope import MEDIA_TYPE
from shared.events import ALL_EVENTS
from shared.logs import log
from shared.service import Service, do_each
from shared.tables import outbox

EXCHANGE = Exchange("parcours.events", type="topic", durable=True)
DEAD = Exchange("parcours.dead", type="topic", durable=True)
SERVICES = ("scheduler", "attendance", "notifications")

BATCH = 200
CONSUMER_BATCH = 50
GATHER_SECONDS = 0.01
CONFIRM_SECONDS = 10.0
IDLE_SECONDS = (0.02, 0.25)
# A fence only: poison is counted by event id in the inbox, because the broker's counter punishes the innocent
# neighbours of a prefetched batch (50 good messages dead-lettered by 4 crashes: measured).
DELIVERY_LIMIT = 100

BROKER_ERRORS = (AMQPError, OSError, kombu.exceptions.OperationalError)


def queue_name(service: str) -> str:
    """Return the name of the queue from which a service hears."""
    return f"parcours.{service}"


def jobs_queue(service: str) -> Queue:
    """Return the queue from which a service's Celery workers take jobs."""
    name = f"parcours.{service}.jobs"
    return Queue(
        name, exchange=Exchange(""), routing_key=name, durable=True, queue_arguments={"x-queue-type": "quorum"}
    )


def declare(connection: Connection) -> None:
    """Declare every exchange, queue and binding. Idempotent; each process does it at start."""
    with connection.channel() as channel:
        EXCHANGE(channel).declare()
        DEAD(channel).declare()
        dead = Queue("parcours.dead", DEAD, routing_key="#", durable=True, queue_arguments={"x-queue-type": "quorum"})
        dead(channel).declare()
        for service in SERVICES:
            arguments = {
                "x-queue-type": "quorum",
                "x-delivery-limit": DELIVERY_LIMIT,
                "x-dead-letter-exchange": DEAD.name,
                "x-dead-letter-strategy": "at-least-once",
                "x-overflow": "reject-publish",
            }
            queue = Queue(queue_name(service), durable=True, queue_arguments=arguments)(channel)
            queue.declare()
            for event in ALL_EVENTS:
                if service in event.hearers:
                    queue.bind_to(EXCHANGE, routing_key=event.type_name())
            jobs_queue(service)(channel).declare()


def connect(url: str) -> Connection:
    """Return a connection with short time-outs and a heartbeat, not yet opened."""
    options = {"confirm_publish": False, "read_timeout": 15, "write_timeout": 15}
    return Connection(url, heartbeat=20, connect_timeout=5, transport_options=options)


def celery_app(service: str, amqp_url: str) -> Any:
    """Return the Celery application of one service: it only carries job ids; the job row is the truth."""
    from celery import Celery

    app = Celery(f"parcours.{service}", broker=amqp_url)
    app.conf.update(
        task_queues=[jobs_queue(service)],
        task_default_queue=jobs_queue(service).name,
        task_ignore_result=True,
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        worker_prefetch_multiplier=1,
        worker_enable_remote_control=False,
        worker_send_task_events=False,
        broker_connection_retry_on_startup=True,
        broker_heartbeat=20,
        task_serializer="json",
        accept_content=["json"],
    )
    return app


class Relay:
    """
    Publishes one service's outbox, in order, and marks a row only after the broker confirmed that very message.

    One leader a service (advisory lock). A row that the broker returns as unroutable stays unsent and is reported:
    the topology is wrong, and the event must not be lost.
    """

    def __init__(self, service: Service, amqp_url: str) -> None:
        self._service = service
        self._url = amqp_url
        self._stop = threading.Event()
        self._celery = celery_app(service.name, amqp_url) if service.job_kinds else None

    def stop(self, *_: object) -> None:
        self._stop.set()

    def run(self) -> None:
        """Work until `stop`; any failure of broker or database is waited out."""
        while not self._stop.is_set():
            try:
                with self._service.database.leadership("relay") as leading:
                    if not leading:
                        self._stop.wait(1.0)
                        continue
                    self._lead()
            except (*BROKER_ERRORS, sa.exc.OperationalError) as error:
                log.warning("relay waits", reason=repr(error))
                self._stop.wait(0.5)

    def _lead(self) -> None:
        busy, idle = IDLE_SECONDS
        wait = busy
        with connect(self._url) as connection:
            declare(connection)
            with _Publisher(connection) as publisher:
                while not self._stop.wait(wait):
                    wait = busy if self.step(publisher) else min(idle, wait * 2)
                    connection.heartbeat_check()

    def step(self, publisher: "_Publisher") -> int:
        """Publish one batch; return how many rows were confirmed and marked."""
        with self._service.database.read() as db:
            query = sa.select(outbox).where(outbox.c.sent_at.is_(None)).order_by(outbox.c.seq).limit(BATCH)
            rows = db.execute(query).mappings().all()
        if not rows:
            return 0
        for row in rows:
            if row["kind"] == "task":
                self._publish_task(publisher, row)
            else:
                publisher.publish(
                    row["seq"],
                    row["body"].encode(),
                    exchange=EXCHANGE.name,
                    routing_key=row["name"],
                    content_type=MEDIA_TYPE,
                    message_id=str(row["id"]),
                    type=row["name"],
                )
        confirmed = publisher.settle(CONFIRM_SECONDS)
        if confirmed:
            with self._service.database.begin() as db:
                db.execute(outbox.update().where(outbox.c.seq.in_(confirmed)).values(sent_at=real_now()))
        return len(confirmed)

    def _publish_task(self, publisher: "_Publisher", row: Any) -> None:
        if self._celery is None:
            raise RuntimeError(f"{self._service.name} has a task row but no job kinds")
        message = self._celery.amqp.as_task_v2(str(row["id"]), row["name"], args=(row["body"],), kwargs={})
        body = kombu.serialization.dumps(message.body, serializer="json")
        publisher.publish(
            row["seq"],
            body[2].encode(),
            exchange="",
            routing_key=jobs_queue(self._service.name).name,
            content_type=body[0],
            content_encoding=body[1],
            headers=message.headers,
            message_id=str(row["id"]),
            **message.properties,
        )


class _Publisher:
    """A channel in confirm mode with its ledger: delivery tag -> outbox row."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._channel = connection.channel()
        self._channel.confirm_select()
        self._channel.events["basic_ack"].add(self._on_ack)
        self._channel.events["basic_nack"].add(self._on_nack)
        self._channel.events["basic_return"].add(self._on_return)
        self._next_tag = 1
        self._open: dict[int, tuple[int, str]] = {}  # tag -> (outbox row, message id)
        self._acked: list[tuple[int, str]] = []
        self._returned: set[str] = set()
        self._user = connection.userid

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self._channel.close()
        except BROKER_ERRORS:
            log.debug("channel was closed already")

    def publish(
        self, row: int, body: bytes, *, exchange: str, routing_key: str, message_id: str, **properties: Any
    ) -> None:
        content_type = properties.pop("content_type")
        content_encoding = properties.pop("content_encoding", "utf-8")
        headers = properties.pop("headers", None)
        properties |= {"delivery_mode": 2, "message_id": message_id, "user_id": self._user}
        message = self._channel.prepare_message(
            body, content_type=content_type, content_encoding=content_encoding, headers=headers, properties=properties
        )
        self._open[self._next_tag] = (row, message_id)
        self._next_tag += 1
        self._channel.basic_publish(message, exchange=exchange, routing_key=routing_key, mandatory=True)

    def settle(self, seconds: float) -> list[int]:
        """Wait for the confirms of all that is open; return the rows confirmed and routed. Raises on a time-out."""
        deadline = time.monotonic() + seconds
        while self._open:
            left = deadline - time.monotonic()
            if left <= 0:
                raise OSError(f"{len(self._open)} messages unconfirmed after {seconds} s: the connection is given up")
            try:
                self._connection.drain_events(timeout=min(left, 1.0))
            except TimeoutError:
                self._connection.heartbeat_check()
        confirmed = [row for row, message_id in self._acked if message_id not in self._returned]
        for message_id in self._returned:
            log.error("event returned by the broker: no queue is bound for it", message_id=message_id)
        self._acked, self._returned = [], set()
        return confirmed

    def _take(self, tag: int, multiple: bool) -> list[tuple[int, str]]:
        tags = [open_tag for open_tag in self._open if open_tag <= tag] if multiple else [tag]
        return [self._open.pop(one) for one in tags if one in self._open]

    def _on_ack(self, delivery_tag: int, multiple: bool) -> None:
        self._acked += self._take(delivery_tag, multiple)

    def _on_nack(self, delivery_tag: int, multiple: bool) -> None:
        rows = self._take(delivery_tag, multiple)
        log.warning("broker refused messages; they stay in the outbox", count=len(rows))

    def _on_return(self, *arguments: Any) -> None:
        self._returned.add(arguments[-1].properties.get("message_id", ""))


class Consumer:
    """Feeds one service's inbox from its queue: a batch in one transaction, commit, then acknowledge."""

    def __init__(self, service: Service, amqp_url: str, *, check_user: bool = False) -> None:
        self._service = service
        self._url = amqp_url
        self._stop = threading.Event()
        self._check_user = check_user
        self._gathered: list[Any] = []

    def stop(self, *_: object) -> None:
        self._stop.set()

    def run(self) -> None:
        """Work until `stop`: hear, try again what is due, do what the clock asks."""
        while not self._stop.is_set():
            try:
                with connect(self._url) as connection:
                    declare(connection)
                    self._consume(connection)
            except (*BROKER_ERRORS, sa.exc.OperationalError) as error:
                log.warning("consumer waits", reason=repr(error))
                self._gathered.clear()
                self._stop.wait(0.5)

    def _consume(self, connection: Connection) -> None:
        channel = connection.channel()
        queue = Queue(queue_name(self._service.name), no_declare=True)
        consumer = kombu.Consumer(
            channel,
            [queue],
            on_message=self._gathered.append,
            accept=[MEDIA_TYPE],
            no_ack=False,
            prefetch_count=2 * CONSUMER_BATCH,
        )
        consumer.qos(prefetch_count=2 * CONSUMER_BATCH)
        with consumer:
            next_chores = 0.0
            while not self._stop.is_set():
                self._gather(connection)
                if self._gathered:
                    self._hear_gathered()
                if time.monotonic() >= next_chores:
                    busy = self._chores()
                    next_chores = time.monotonic() + (0.0 if busy else 0.2)
                connection.heartbeat_check()

    def _gather(self, connection: Connection) -> None:
        wait = 0.1
        while len(self._gathered) < CONSUMER_BATCH:
            try:
                connection.drain_events(timeout=wait)
            except TimeoutError:
                return
            wait = GATHER_SECONDS

    def _hear_gathered(self) -> None:
        batch = self._gathered[:CONSUMER_BATCH]
        del self._gathered[:CONSUMER_BATCH]
        bodies = [_text(message) for message in batch if self._trusted(message)]
        again = any(message.delivery_info.get("redelivered") for message in batch)
        ear.hear(self._service.hearer, bodies, again=again)
        batch[-1].ack(multiple=True)

    def _trusted(self, message: Any) -> bool:
        """Check that the broker user who wrote is the service that the routing key names (production, compose)."""
        writer = message.properties.get("user_id")
        expected = f"parcours-{message.delivery_info['routing_key'].partition('.')[0]}"
        if self._check_user and writer != expected:
            log.error("event from a user who may not tell it is dropped", writer=writer, expected=expected)
            return False
        return True

    def _chores(self) -> int:
        chores: list[Callable[[], int]] = [partial(ear.retry_due, self._service.hearer), self._service.tick]
        if self._service.job_kinds:
            chores.append(self._wake_jobs)
        try:
            return do_each(chores)
        except ExceptionGroup:
            log.exception("chores failed")  # and are tried again: a worker that ends would hear nothing
            return 0

    def _wake_jobs(self) -> int:
        with self._service.database.begin() as db:
            return jobs.wake_abandoned(self._service.work(db))


def _text(message: Any) -> str:
    body = message.body
    return body if isinstance(body, str) else bytes(body).decode("utf-8", "replace")


def check_topology(url: str, services: Sequence[str] = SERVICES) -> dict[str, int]:
    """Return the number of dead letters by queue; it must be 0 in every test."""
    with connect(url) as connection, connection.channel() as channel:
        counts = {"parcours.dead": channel.queue_declare("parcours.dead", passive=True).message_count}
        for service in services:
            channel.queue_declare(queue_name(service), passive=True)
        return counts
