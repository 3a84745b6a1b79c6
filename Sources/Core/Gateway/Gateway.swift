public import Alarm
import Bytes
public import Diagnostics
import Kinesis
public import RecordRing
public import Time
import Uplink
import Vitals

/// The gateway: bytes and time in, actions out.
///
/// A caller gives it one input (a notification, a completed write, an answer, the time), then
/// takes actions until `nextAction` is nil, and waits again. It has no clock, file, socket or
/// thread, and allocates nothing after its start; so every decision it makes can be repeated at a
/// desk.
///
/// Two times come in. The moment of a measurement is the sensor's: the alarm is judged by it and
/// the record stamped with it. `now` is the machine's monotonic time: syncs, flushes and back-off
/// go by it. They differ only when a recording is replayed faster than it was made.
public struct Gateway: ~Copyable {
    public internal(set) var settings: GatewaySettings
    public internal(set) var counters = Counters()
    /// How often each alarm was raised, by the condition's number.
    public internal(set) var raisedCounts = [UInt64](
        repeating: 0, count: AlarmCondition.allCases.count + 1)
    public internal(set) var cursor: RingCursor
    /// Arrival of a record → acknowledged by every sink or synced, nanoseconds of `now`.
    public internal(set) var durableLatency = LatencyHistogram()
    public let sinks: [Sink]
    /// No more input will come: requests do not wait for company any more.
    public internal(set) var isDraining = false

    /// The card does not do its work, since when and how; nil while it does.
    public internal(set) var ringTrouble: RingTrouble?

    private let started: Int64
    var window: RingWindow
    /// `now` at the arrival of each record in the window, by sequence modulo the capacity.
    var arrivals: [Int64]
    var disk: DiskState
    /// When the job under way, or the last one, began.
    var jobBegan: Int64 = 0
    /// Decides about every alarm.
    public internal(set) var panel: AlarmPanel
    /// `now` at the latest measurement: with it the time of what happens later is worked out.
    var latestNow: Int64
    /// The `now` of the last call.
    var lastNow: Int64
    var offSkin: [Bool]
    /// The sensor's oximeter says that it has no value.
    var withoutValue: [Bool]
    /// When the sensor's last heart rate arrived, monotonic nanoseconds; nil before the first.
    var lastHeartRate: [Int64?]
    var alarmEvents: FixedQueue<AlarmEvent>
    var reports: FixedQueue<Report>
    var random: RandomSource
    var results: FixedArray<EntryResult>
    var entryResults: FixedArray<EntryResult>
    /// Which of the places of a queue that were looked at are in the request.
    var picks: FixedArray<Bool>
    let aggregate: AggregatedRecord
    var scratch: FixedBuffer
    /// A document's id.
    var identifier: FixedBuffer
    /// Slots read back from the card: the sequences `cacheFirst ..< cacheEnd`.
    var cache: FixedBuffer
    var cacheFirst: UInt64 = 0
    var cacheEnd: UInt64 = 0
    /// Records below this one are acknowledged by every sink or synced.
    var safe: UInt64
    /// The moment of the latest measurement: what the gateway records of itself is stamped with
    /// it, because the gateway has no clock.
    var latest: (time: Moment, clock: ClockState)
    /// When boots began.
    var clockNotes: ClockNotes
    /// Measurements that the full ring did not take, until a gap record can say so.
    var refused: Loss?

    /// `cursor` and `head` are what recovery found in the ring file.
    public init(settings: GatewaySettings, cursor: RingCursor, head: RingHead?, now: Int64) {
        self.settings = settings
        self.cursor = cursor
        started = now
        latest = (settings.start, settings.startClock)
        clockNotes = settings.clockNotes
        window = RingWindow(capacity: settings.windowRecords, head: cursor.head)
        arrivals = Array(repeating: 0, count: settings.windowRecords)
        disk = DiskState(generation: head?.generation ?? 0)
        panel = AlarmPanel(
            limits: settings.sensors.map { $0.limits }, sinkCount: settings.sinks.count,
            manners: settings.manners ?? AlarmManners(),
            watchesSilence: settings.manners != nil)
        latestNow = now
        lastNow = now
        offSkin = Array(repeating: false, count: settings.sensors.count)
        withoutValue = Array(repeating: false, count: settings.sensors.count)
        lastHeartRate = Array(repeating: nil, count: settings.sensors.count)
        alarmEvents = FixedQueue(capacity: 4 * panel.entries.count)
        reports = FixedQueue(capacity: Limits.reports)
        random = RandomSource(seed: settings.seed)
        results = FixedArray(capacity: max(1, settings.sinks.map { $0.batchRecords }.max() ?? 1))
        entryResults = FixedArray(capacity: results.capacity)
        picks = FixedArray(capacity: Limits.placesPerRequest)
        aggregate = AggregatedRecord(
            capacity: settings.sinks.compactMap { $0.kind.aggregateBytes }.max() ?? 1)
        scratch = FixedBuffer(capacity: Limits.recordJSONBytes)
        identifier = FixedBuffer(capacity: Limits.identifierBytes)
        cache = FixedBuffer(capacity: Limits.readRecords * Record.slotBytes)
        safe = cursor.head
        sinks = settings.sinks.map { sink in
            var sink = sink
            sink.flushNanoseconds = settings.flushNanoseconds(of: sink)
            return Sink(
                settings: sink, kept: head?.sinkTail(of: sink.name), oldest: cursor.oldest,
                head: cursor.head)
        }
        for (index, sink) in sinks.enumerated() where sink.queue.lost > 0 {
            report(.recordsLost(sink: index, count: sink.queue.lost, .overwritten))
        }
    }

    /// A sensor's heart rate notification has arrived: decode, judge, record, in that order. `time`
    /// is the measurement's, `now` the machine's.
    public mutating func receive(
        _ notification: Span<UInt8>, sensor: Int, time: Moment, clock: ClockState, now: Int64
    ) {
        precondition(settings.sensors.indices.contains(sensor), "a sensor is one of the settings")
        counters.notifications += 1
        let measurement: HeartRateMeasurement
        do throws(HeartRateError) {
            measurement = try HeartRateMeasurement(decoding: notification)
        } catch {
            counters.malformed += 1
            report(.notificationMalformed(sensor: sensor, error))
            let rejection = Rejection(notification, of: .heartRateMeasurement, reason: .malformed)
            return keep(rejection, sensor: sensor, time: time, clock: clock, now: now)
        }
        switch HeartRateState(measurement) {
        case .implausible(let value):
            counters.implausible += 1
            report(.valueImplausible(sensor: sensor, beatsPerMinute: value))
            let rejection = Rejection(
                notification, of: .heartRateMeasurement, reason: .implausible)
            keep(rejection, sensor: sensor, time: time, clock: clock, now: now)
        case .offSkin:
            counters.offSkin += 1
            if !offSkin[sensor] { report(.sensorOffSkin(sensor: sensor)) }
            offSkin[sensor] = true
            noteOffSkin(true, sensor: sensor, now: now)
        case .heartRate(let value):
            if offSkin[sensor] { report(.sensorOnSkin(sensor: sensor)) }
            offSkin[sensor] = false
            lastHeartRate[sensor] = time.monotonicNanoseconds
            judge(value, sensor: sensor, time: time, now: now)
            noteLatest(time, clock, now: now)
            guard !isFull else { return refuse(time) }
            record(.heartRate(measurement), of: settings.sensors[sensor].name, now: now)
            counters.recorded += 1
        }
    }

    /// How long the oldest record that the sink has not acknowledged has been waiting, in
    /// nanoseconds; nil when none waits. A record from before the start counts from the start.
    public func oldestWaitingAge(sink index: Int, now: Int64) -> Int64? {
        let tail = sinks[index].queue.tail
        guard tail < cursor.head else { return nil }
        guard window.contains(tail) else { return now - started }
        return now - arrivals[Int(tail % UInt64(window.capacity))]
    }

    /// When the oldest record of the ring was taken, microseconds since 1970; nil where it is on
    /// the card and not in memory any more.
    public var oldestTimeInMemory: Int64? {
        guard window.contains(cursor.oldest) else { return nil }
        do throws(RecordError) {
            return try Record(decodingChecked: window.slot(of: cursor.oldest)).time
                .wallMicroseconds
        } catch {
            return nil
        }
    }

    /// Puts a record of the latest time at the ring's head.
    mutating func record(_ payload: Payload, of sensor: SensorName, now: Int64) {
        append(
            Record(
                sequence: cursor.head, time: latest.time, clock: latest.clock,
                boot: settings.boot, session: settings.session, sensor: sensor, payload: payload),
            now: now)
    }

    /// Puts a record with the sequence `cursor.head` at the ring's head.
    mutating func append(_ record: Record, now: Int64) {
        if cursor.unsyncedCount == unsyncedLimit {
            // The card has not answered for all that fits: the oldest record goes.
            counters.unsyncedGivenUp += 1
            for sink in sinks { sink.sayGivenUp(cursor.synced) }
            cursor.markSynced(upTo: cursor.synced + 1)
        }
        let sequence = cursor.claim()
        precondition(record.sequence == sequence, "a record has the sequence that comes next")
        window.append(record)
        arrivals[Int(sequence % UInt64(window.capacity))] = now
        for index in sinks.indices {
            sinks[index].note(record, now: now)
            giveUpOverwritten(index)
        }
    }

    /// What has to be done next; nil when there is nothing before the next input or `deadline`.
    public mutating func nextAction(now: Int64) -> Action? {
        if let event = nextAlarm(now: now) { return .alarm(event) }
        if let action = nextDiskAction(now: now) { return action }
        if let action = nextSend(now: now) { return action }
        if let report = reports.popFirst() { return .report(report) }
        return nil
    }

    /// The monotonic time at which `nextAction` may have something by itself; nil for never.
    public func deadline() -> Int64? {
        var wantsRead = false
        var earliest: Int64?
        for sink in sinks {
            if sink.wantsRead {
                wantsRead = true
                guard sink.queue.part == .backlog else { continue }
                let due = sink.due(of: .fresh, head: cursor.head, draining: isDraining)
                if let due { earliest = min(earliest ?? due, due) }
            } else if let due = sink.due(head: cursor.head, draining: isDraining) {
                earliest = min(earliest ?? due, due)
            }
        }
        let diskDue = disk.deadline(
            syncDue: syncDue, isFilling: isFilling, isDraining: isDraining, wantsRead: wantsRead)
        for due in [diskDue, stallDue, panel.deadline] {
            if let due { earliest = min(earliest ?? due, due) }
        }
        return earliest
    }

    /// No more input will come: send and sync what there is, without waiting for company.
    public mutating func drain() {
        isDraining = true
        panel.endInput(now: lastNow)
        disk.syncNow()
    }

    /// The oldest record in memory; from there to the head `copySlots` gives them all.
    public var windowStart: UInt64 { window.start }

    /// Everything is with every sink and on the card.
    public var isDrained: Bool {
        areSinksServed && cursor.unsyncedCount == 0 && disk.isClean
    }

    private var areSinksServed: Bool {
        for sink in sinks where sink.queue.tail < cursor.head { return false }
        return true
    }

    /// Everything that was recorded has been synced, and every tail is in the file.
    public var isOnCard: Bool {
        cursor.unsyncedCount == 0 && disk.job == .none && !disk.tailsMoved
    }

    /// Whether one more record could be taken without another one leaving memory unsynced. A
    /// recording can wait; a heart cannot, so live input does not ask.
    public var hasRoom: Bool { cursor.unsyncedCount < unsyncedLimit }

    /// A head record is wanted: soon, and synced with the next records or after a while. No
    /// records come after the last ones of a drain, so their tail is synced at once.
    mutating func tailMoved(acknowledged: Int = 0, now: Int64) {
        let isLast = isDraining && areSinksServed
        disk.tailMoved(
            acknowledged: acknowledged,
            syncDue: isLast ? now : now + Limits.tailSyncNanoseconds)
    }

    mutating func report(_ report: Report) {
        if !reports.append(report) { counters.reportsDropped += 1 }
    }
}
