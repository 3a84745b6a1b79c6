import Alarm
import Diagnostics
import Gateway
import Linux
import RecordRing
import SensorLink
import Time

/// What has happened, for people: log lines, the alarms and the latencies of this run.
final class Journal {
    /// An alarm's edge as the summary lists it.
    struct AlarmLine {
        let event: AlarmEvent
        /// Seconds since the run began, in the time of the sensor.
        let seconds: Int64
    }

    /// Alarm edges kept for the summary; a day of a restless heart has fewer.
    private static let alarmLimit = 10_000

    let log: Log
    private(set) var sensors: [String]
    let sinks: [String]
    private let start: Moment
    private(set) var alarms: [AlarmLine] = []
    /// Bytes of a notification in hand → its alarm decided and carried out.
    var alarmLatency = LatencyHistogram()
    /// How long the card took for each fdatasync of the ring.
    var syncLatency = LatencyHistogram()
    /// Work of one turn of the poll loop: whatever comes waits for so long at most.
    var turnLatency = LatencyHistogram()
    /// What the card does wrong.
    let ringTrouble: RingTroubleLog
    /// What the card has been asked to do in the ring's life, now and when this run began.
    var wear: WearStatistics
    let wearAtStart: WearStatistics
    /// Machine time at which the run began (monotonic nanoseconds).
    private let began = Clock.monotonicNanoseconds()

    /// Losses that were not said yet, by sink and reason, and when such a line was written last.
    private var losses: [LossKey: (count: UInt64, saidAt: Int64)] = [:]

    private struct LossKey: Hashable {
        let sink: Int
        let reason: UInt8
    }

    /// A full ring beside a dead sink loses a record with every one that comes: one line a minute
    /// is enough.
    private static let lossNanoseconds: Int64 = 60_000_000_000

    init(
        log: Log, sensors: [String], sinks: [String], ringPath: String, start: Moment,
        wear: WearStatistics
    ) {
        self.wear = wear
        wearAtStart = wear
        self.log = log
        ringTrouble = RingTroubleLog(log: log, path: ringPath)
        self.sensors = sensors
        self.sinks = sinks
        self.start = start
    }

    /// Seconds of machine time since the run began.
    var secondsRun: Int64 { (Clock.monotonicNanoseconds() - began) / 1_000_000_000 }

    /// Another device has taken the place of a sensor.
    func rename(sensor: Int, to name: String) { sensors[sensor] = name }

    func note(_ event: AlarmEvent) {
        let elapsed = event.time.monotonicNanoseconds - start.monotonicNanoseconds
        let isEdge = event.edge == .raise || event.edge == .clear
        if event.condition.isRate, isEdge, alarms.count < Self.alarmLimit {
            alarms.append(AlarmLine(event: event, seconds: elapsed / 1_000_000_000))
        }
        let (level, text) = AlarmText.line(event, sensors: sensors, sinks: sinks)
        log.write(level, text)
    }

    func note(_ report: LinkReport) {
        let (level, text) = RadioText.line(
            report, sensors: sensors, now: Clock.monotonicNanoseconds())
        log.write(level, text)
    }

    func note(_ report: Report) {
        if case .recordsLost(let sink, let count, let reason) = report {
            return noteLoss(count, sink: sink, reason)
        }
        if ringTrouble.note(report, now: Clock.monotonicNanoseconds()) { return }
        let (level, text) = Messages.line(report, sensors: sensors, sinks: sinks)
        log.write(level, text)
    }

    private func noteLoss(_ count: UInt64, sink: Int, _ reason: GapReason) {
        let key = LossKey(sink: sink, reason: reason.rawValue)
        let now = Clock.monotonicNanoseconds()
        let earlier = losses[key]
        let total = count + (earlier?.count ?? 0)
        if let earlier, now - earlier.saidAt < Self.lossNanoseconds {
            losses[key] = (total, earlier.saidAt)
            return
        }
        losses[key] = (0, now)
        say(total, sink: sink, reason)
    }

    /// Says the losses that have not been said yet: the session ends.
    func sayLosses() {
        for (key, loss) in losses where loss.count > 0 {
            if let reason = GapReason(rawValue: key.reason) {
                say(loss.count, sink: key.sink, reason)
            }
        }
        losses.removeAll()
    }

    private func say(_ count: UInt64, sink: Int, _ reason: GapReason) {
        let report = Report.recordsLost(sink: sink, count: count, reason)
        let (level, text) = Messages.line(report, sensors: sensors, sinks: sinks)
        log.write(level, text)
    }
}
