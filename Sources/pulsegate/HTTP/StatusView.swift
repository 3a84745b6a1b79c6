import Alarm
import Gateway
import Linux
import RecordRing
import SensorLink
import Time
import Uplink
import Vitals
import WireFormat

/// The gateway's state in the API's values.
enum StatusView {
    /// Fills the values that are kept from one status to the next.
    static func fill(
        _ status: inout LocalStatus, from pipeline: borrowing Pipeline, now: Int64
    ) {
        let moment = pipeline.time.now()
        status.version = programVersion
        status.wallMicroseconds = moment.wallMicroseconds
        status.clock = pipeline.time.state(at: now)
        status.uptimeSeconds = UInt64(max(0, now - pipeline.operations.began)) / 1_000_000_000
        status.isSafe = pipeline.operations.isSafe
        fillSensors(&status, pipeline, now)
        status.alarms.removeAll(keepingCapacity: true)
        for entry in pipeline.gateway.panel.entries
        where entry.isRaised || entry.sound != .silent {
            status.alarms.append(alarm(entry, pipeline, now: now))
        }
        status.sound = pipeline.gateway.panel.sound.priority
        status.pauseSeconds = pipeline.gateway.panel.pauseSecondsLeft(now: now)
        let cursor = pipeline.gateway.cursor
        status.ring.slots = cursor.slotCount
        status.ring.records = cursor.head - cursor.oldest
        status.ring.inMemory = cursor.unsyncedCount
        status.ring.oldestMicroseconds = pipeline.gateway.oldestTimeInMemory
        status.ring.trouble = pipeline.ringTrouble
        fillSinks(&status, pipeline, now)
        let counters = pipeline.gateway.counters
        status.counters.notifications = counters.notifications
        status.counters.recorded = counters.recorded
        status.counters.malformed = counters.malformed
        status.counters.offSkin = counters.offSkin
        status.counters.implausible = counters.implausible
    }

    /// An alarm as it stands.
    static func alarm(
        _ entry: AlarmEntry, _ pipeline: borrowing Pipeline, now: Int64
    ) -> LocalStatus.AlarmNow {
        let journal = pipeline.journal
        var alarm = LocalStatus.AlarmNow(entry.condition)
        switch entry.source {
        case .sensor(let sensor): alarm.sensor = journal.sensors[sensor]
        case .sink(let sink): alarm.sink = journal.sinks[sink]
        case .gateway: break
        }
        alarm.isRaised = entry.isRaised
        alarm.isSounding = entry.isAudible
        if let since = entry.raisedSince {
            let moment = pipeline.time.now()
            alarm.sinceMicroseconds = moment.wallMicroseconds - max(0, now - since) / 1_000
        }
        alarm.text = text(entry, pipeline)
        return alarm
    }

    private static func text(_ entry: AlarmEntry, _ pipeline: borrowing Pipeline) -> String {
        let journal = pipeline.journal
        let title = AlarmText.title(entry.condition)
        guard case .sensor(let sensor) = entry.source else {
            guard case .sink(let sink) = entry.source else { return title }
            return "\(journal.sinks[sink]): \(title)"
        }
        let name = journal.sensors[sensor]
        guard entry.condition.isRate, entry.beatsPerMinute > 0 else { return "\(name): \(title)" }
        let limits = pipeline.gateway.settings.sensors[sensor].limits
        let beats = entry.beatsPerMinute
        return entry.condition == .highRate
            ? "\(name): \(beats) bpm, above \(limits.highBeatsPerMinute)"
            : "\(name): \(beats) bpm, below \(limits.lowBeatsPerMinute ?? 0)"
    }

    private static func fillSensors(
        _ status: inout LocalStatus, _ pipeline: borrowing Pipeline, _ now: Int64
    ) {
        status.sensors.removeAll(keepingCapacity: true)
        let radio = pipeline.operations.radio
        for (index, name) in pipeline.journal.sensors.enumerated() {
            let link = radio?.status(sensor: index)
            let live = pipeline.operations.live(of: index)
            // A place that no device has taken has nothing to say.
            if radio != nil, link?.address == nil, live == nil, name.hasPrefix("any ") { continue }
            var sensor = LocalStatus.SensorNow(name: name, state: .stale)
            describe(&sensor, link, live, now, quiet: quietNanoseconds(pipeline))
            let limits = pipeline.gateway.settings.sensors[index].limits
            sensor.highBeatsPerMinute = limits.highBeatsPerMinute
            sensor.lowBeatsPerMinute = limits.lowBeatsPerMinute
            for entry in pipeline.gateway.panel.entries
            where entry.isRaised && entry.source == .sensor(index) {
                let priority = entry.condition.rule.priority
                sensor.alarm = max(sensor.alarm ?? priority, priority)
            }
            status.sensors.append(sensor)
        }
    }

    private static func quietNanoseconds(_ pipeline: borrowing Pipeline) -> Int64 {
        // An old value is not shown as one of now, whatever the alarm waits for.
        let fresh = Operations.freshNanoseconds
        return min(pipeline.gateway.settings.manners?.sensorLostNanoseconds ?? fresh, fresh)
    }

    /// The heart rate is shown only where it is one, and of now.
    private static func describe(
        _ sensor: inout LocalStatus.SensorNow, _ link: SensorStatus?,
        _ live: Operations.Live?, _ now: Int64, quiet: Int64
    ) {
        if let link {
            sensor.state = LocalStatus.SensorWord(link.state)
            sensor.batteryPercent = link.batteryPercent
            sensor.rssiDecibelMilliwatts = link.rssi
        }
        guard let live else { return }
        let age = max(0, now - live.at)
        sensor.ageMilliseconds = UInt64(age / 1_000_000)
        sensor.isStale = age > quiet
        sensor.contact = live.measurement.contact
        if link == nil { sensor.state = sensor.isStale ? .stale : .streaming }
        if link?.isFrozen ?? false { return sensor.state = .frozen }
        guard !sensor.isStale else { return }
        switch HeartRateState(live.measurement) {
        case .heartRate(let value):
            sensor.heartRate = value
            sensor.intervals = live.measurement.rrIntervals
        case .offSkin: sensor.state = .offSkin
        case .implausible: break
        }
    }

    private static func fillSinks(
        _ status: inout LocalStatus, _ pipeline: borrowing Pipeline, _ now: Int64
    ) {
        status.sinks.removeAll(keepingCapacity: true)
        for (index, sink) in pipeline.gateway.sinks.enumerated() {
            let state: LocalStatus.SinkNow.State =
                switch sink.state {
                case _ where sink.isSuspended: .rests
                case .idle: .idle
                case .busy: .sending
                case .waiting: .waiting
                }
            var one = LocalStatus.SinkNow(name: pipeline.journal.sinks[index], state: state)
            one.delivered = sink.queue.acknowledged
            one.waiting = sink.owedCount(of: pipeline.gateway.cursor)
            one.lost = sink.queue.lost
            if one.waiting > 0 {
                one.oldestUnsentMilliseconds = pipeline.gateway.oldestWaitingAge(
                    sink: index, now: now
                ).map { UInt64(max(0, $0)) / 1_000_000 }
            }
            one.refusal = sink.refusal.map { Messages.text($0) }
            status.sinks.append(one)
        }
    }
}

extension LocalStatus.SensorWord {
    init(_ state: SensorState) {
        self =
            switch state {
            case .disabled: .disabled
            case .absent: .absent
            case .discovering: .discovering
            case .connecting: .connecting
            case .resolving: .resolving
            case .subscribing: .subscribing
            case .streaming: .streaming
            case .silent: .silent
            case .recovering: .recovering
            }
    }
}

extension SoundPattern {
    /// The alarms that it sounds for.
    fileprivate var priority: AlarmPriority? {
        switch self {
        case .silent: nil
        case .low: .low
        case .medium: .medium
        case .high: .high
        }
    }
}
