public import Alarm
public import RecordRing
public import Time
public import Uplink
public import Vitals

/// What an edge has to do next. The gateway hands actions out in this order: alarm, disk,
/// network, reports.
public enum Action: Equatable, Sendable {
    /// Switch the lamp and the buzzer, now.
    case alarm(AlarmEvent)
    /// Write `count` records from the sequence `first` and the head record to the ring file; with
    /// `sync`, fdatasync behind it. Answer with `ringWritten` or `ringFailed`.
    case writeRing(first: UInt64, count: Int, sync: Bool)
    /// Read `count` slots from the sequence `first` (in the ring's order). Answer with `ringRead`
    /// or `ringFailed`.
    case readRing(first: UInt64, count: Int)
    /// Encode and send the next request of the sink. Answer with `sinkAnswered`, `sinkDelivered`
    /// or `sinkFailed`.
    case send(sink: Int)
    /// Tell the people.
    case report(Report)
}

/// An alarm's edge and what caused it.
public struct AlarmEvent: Equatable, Sendable {
    public let condition: AlarmCondition
    public let source: AlarmSource
    public let edge: AlarmEdge
    /// 0 for a technical alarm.
    public let beatsPerMinute: UInt16
    /// Arrival of the measurement, or when it happened.
    public let time: Moment

    public var sensor: Int? { if case .sensor(let sensor) = source { sensor } else { nil } }
}

/// An event worth a line in the log.
public enum Report: Equatable, Sendable {
    /// The sensor sent bytes that are no measurement.
    case notificationMalformed(sensor: Int, HeartRateError)
    case valueImplausible(sensor: Int, beatsPerMinute: UInt16)
    /// The sensor sent bytes that are no measurement of this kind.
    case measurementMalformed(sensor: Int, VitalKind, MeasurementError)
    case measurementImplausible(sensor: Int, VitalKind, VitalQuantity)
    case measurementWithoutValue(sensor: Int, VitalKind, MissingValue)
    /// After a time without.
    case sensorHasValue(sensor: Int, VitalKind)
    case sensorOffSkin(sensor: Int)
    case sensorOnSkin(sensor: Int)
    /// The sink took the request and refused some of its records, which will be sent again.
    case recordsRefused(sink: Int, count: Int, of: Int)
    /// The sink will never take these records; each has become an error record.
    case recordsRejected(sink: Int, count: Int, status: UInt16, first: UInt64)
    /// The sink will never take this error record, which stays in the ring.
    case errorRejected(sink: Int, sequence: UInt64, status: UInt16)
    /// The service refused so many records together, which are sent in smaller requests.
    case requestSplit(sink: Int, status: Int, count: Int)
    /// The service refused the whole request.
    case requestRefused(sink: Int, status: Int, RequestRefusal, retryNanoseconds: Int64)
    /// The service said 200 and something that cannot be believed.
    case answerNotUnderstood(sink: Int, AnswerError, retryNanoseconds: Int64)
    /// No answer; the edge has logged the cause.
    case sinkUnreachable(sink: Int, retryNanoseconds: Int64)
    case sinkRecovered(sink: Int)
    /// Records that this sink never got and never will.
    case recordsLost(sink: Int, count: UInt64, GapReason)
    /// The ring file could not be written or read. `unsynced` records are in memory alone, which
    /// has room for `room` more; the card is tried again after `retryNanoseconds`.
    case ringFailed(unsynced: UInt64, room: UInt64, retryNanoseconds: Int64)
    /// The card has not answered for `nanoseconds`, and may yet.
    case ringStalled(unsynced: UInt64, room: UInt64, nanoseconds: Int64)
    /// The ring file has lost some or all of its bytes: `count` records are written again from
    /// memory.
    case ringCut(count: UInt64)
    /// Measurements are refused now, because the ring holds only what sinks still want.
    case ringFull
    /// The ring takes measurements again; so many were refused.
    case ringHasRoom(refused: UInt64)
    /// The card works again, after trouble since then (monotonic nanoseconds). `givenUp` records
    /// left memory meanwhile before the card had them.
    case ringRecovered(since: Int64, givenUp: UInt64)
}
