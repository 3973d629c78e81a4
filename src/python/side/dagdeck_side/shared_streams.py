"""Streams that several watchers' triggers read together (`shared_stream_key`): one poll, whose events each of them filters."""
import asyncio


class SharedStreams:
    """The open streams of a triggerer, by key."""

    def __init__(self):
        self.open = {}

    def subscribe(self, key, trigger, kwargs):
        """A reader of the stream with this key, which the first one opens."""
        stream = self.open.get(key)
        if stream is None or stream.task.done():
            stream = self.open[key] = Stream(type(trigger).open_shared_stream(kwargs))
        return stream.reader()

    def leave(self, key, reader):
        """The last reader closes the stream."""
        stream = self.open.get(key)
        if stream is not None and reader in stream.readers:
            stream.readers.remove(reader)
            if not stream.readers:
                stream.task.cancel()
                del self.open[key]


class Stream:
    """One poll and the queues of its readers."""

    def __init__(self, events):
        self.readers = []
        self.task = asyncio.get_running_loop().create_task(self.pump(events))

    def reader(self):
        made = Reader()
        self.readers.append(made)
        return made

    async def pump(self, events):
        try:
            async for event in events:
                for reader in self.readers:
                    reader.queue.put_nowait((event, None))
            problem = RuntimeError("the shared stream ended; it should go on for ever, or raise")
        except asyncio.CancelledError:
            raise
        except BaseException as error:
            problem = error
        finally:
            if hasattr(events, "aclose"):
                await events.aclose()
        for reader in self.readers:
            reader.queue.put_nowait((None, problem))


class Reader:
    """What a trigger's `filter_shared_stream` iterates over."""

    def __init__(self):
        self.queue = asyncio.Queue()

    def __aiter__(self):
        return self

    async def __anext__(self):
        event, problem = await self.queue.get()
        if problem is not None:
            raise problem
        return event


def key_of(trigger):
    """Under which key a trigger shares a stream; None if it reads its own."""
    from airflow.standin.triggers import BaseEventTrigger

    if not isinstance(trigger, BaseEventTrigger):
        return None
    key = trigger.shared_stream_key()
    if key is not None and type(trigger).create_shared_stream_producer.__func__ \
            is not BaseEventTrigger.create_shared_stream_producer.__func__:
        raise NotImplementedError(f"{type(trigger).__name__}.create_shared_stream_producer: streams that acknowledge their events "
                                  "are not built into this version of dagdeck; define open_shared_stream instead")
    return key
