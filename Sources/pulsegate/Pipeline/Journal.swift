import Alarm
import Diagnostics
import Gateway
import Linux
import RecordRing
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
    private let sensors: [String]
    private let sinks: [String]
    private let start: Moment
    private(set) var alarms: [AlarmLine] = []
    /// Bytes of a notification in hand → its alarm decided and carried out.
    var alarmLatency = LatencyHistogram()
    /// How long the card took for each fdatasync of the ring.
    var syncLatency = LatencyHistogram()
    /// What the card has been asked to do in the ring's life.
    var wear = WearStatistics()

    init(log: Log, sensors: [String], sinks: [String], start: Moment) {
        self.log = log
        self.sensors = sensors
        self.sinks = sinks
        self.start = start
    }

    func note(_ event: AlarmEvent) {
        let elapsed = event.time.monotonicNanoseconds - start.monotonicNanoseconds
        if alarms.count < Self.alarmLimit {
            alarms.append(AlarmLine(event: event, seconds: elapsed / 1_000_000_000))
        }
        let sensor = sensors[event.sensor]
        switch event.edge {
        case .raise:
            log.write(.warning, "ALARM \(sensor): \(event.beatsPerMinute) bpm, high heart rate")
        case .clear:
            log.write(.notice, "alarm cleared \(sensor): \(event.beatsPerMinute) bpm")
        }
    }

    func note(_ report: Report) {
        let (level, text) = Messages.line(report, sensors: sensors, sinks: sinks)
        log.write(level, text)
    }
}
