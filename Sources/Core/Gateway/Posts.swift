public import RecordRing
public import Time
import Uplink

// What somebody posts goes the way of every record: into memory, to the card, to the sinks that
// take it. Whoever has posted waits until it is on the card. It is neither judged by an alarm nor
// a sign of life of a sensor.

/// Where a record is that somebody waits for.
public enum PostState: Equatable, Sendable {
    /// In memory alone.
    case waiting
    /// It survives a power cut.
    case onCard
    /// Memory gave it up before the card had it.
    case lost
}

extension Gateway {
    /// How many posts can be recorded now. A quarter of memory is kept for measurements: whoever
    /// posts can try again, and a heart cannot.
    public var postRoom: Int {
        guard !isFull else { return 0 }
        let reserved = unsyncedLimit / 4
        let used = cursor.unsyncedCount + reserved
        guard used < unsyncedLimit else { return 0 }
        var room = unsyncedLimit - used
        if settings.refusesWhenFull {
            let oldest = sinks.reduce(cursor.head) { min($0, $1.queue.tail) }
            room = min(room, cursor.slotCount - (cursor.head - oldest))
        }
        return Int(room)
    }

    /// Records what was posted; `name` is what the record's name has of it. It has to be on the
    /// card `syncNanoseconds` from now. Answers its sequence.
    public mutating func keep(
        post payload: Payload, of name: SensorName, time: Moment, clock: ClockState,
        syncNanoseconds: Int64, now: Int64
    ) -> UInt64 {
        precondition(payload.isPosted, "what is measured is not posted")
        precondition(postRoom > 0, "a post is recorded when there is room")
        if payload.isError {
            counters.errorsRecorded += 1
        } else {
            counters.patientStatsRecorded += 1
        }
        let sequence = cursor.head
        append(
            Record(
                sequence: sequence, time: time, clock: clock, boot: settings.boot,
                session: settings.session, sensor: name, payload: payload),
            now: now)
        postsEnd = sequence + 1
        postsDue = min(postsDue ?? Int64.max, now + syncNanoseconds)
        return sequence
    }

    /// Where a record is that was recorded in this session, for somebody who asks whenever
    /// something has happened.
    public func state(ofPost sequence: UInt64) -> PostState {
        if sequence >= cursor.synced { return .waiting }
        return givenUp.contains(sequence) ? .lost : .onCard
    }
}
