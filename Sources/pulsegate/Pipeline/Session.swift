import Alarm
import Bytes
import Gateway
import Linux
import Recording
import SensorLink
import Time
import Vitals

/// One run of the pipeline on one input, from the first notification to a clean end.
struct Session: ~Copyable {
    /// How a session ends.
    struct Ending {
        /// Stop taking input at this machine time (monotonic nanoseconds).
        var inputUntil: Int64?
        /// Without, what is left in the ring is sent and that is all.
        var hasInput = true
        /// With the input at its end, go on for signals only.
        var staysAtEnd = false
        /// How long sinks may take for what is left when the input has ended.
        var drainNanoseconds: Int64
        /// The same after a signal: whoever stops a service does not wait for a cloud.
        var drainAfterSignalNanoseconds: Int64 = 5_000_000_000
    }

    /// Why the session ended.
    enum Outcome: Equatable {
        /// Everything is with every sink and on the card.
        case drained
        /// The time to drain ran out; what is left stays in the ring.
        case timedOut
        /// A second signal: at once.
        case interrupted
    }

    private enum Phase: Equatable {
        case running
        case idle
        case draining(until: Int64)
    }

    /// How long the card may take for the last records when the sinks' time is over: a cheap one
    /// stalls for seconds.
    private static let ringNanoseconds: Int64 = 10_000_000_000
    /// Rows that are fed before the loop looks at anything else.
    private static let rowsPerTurn = 256

    var pipeline: Pipeline
    private(set) var sensor: SensorNow
    private let ending: Ending
    private let signals: Signals
    private var replay: Replay?
    private let lines: HexLines?
    private let radio: Radio?
    /// The radio wants its next turn without waiting: its first one, or it has more than it could
    /// handle in one.
    private var radioIsBusy = true
    private var phase = Phase.running
    /// `run` is about to return.
    private(set) var hasEnded = false
    private let notification = NotificationBuffer()
    /// Lines of standard input that were no hexadecimal.
    private(set) var malformedLines = 0
    /// Told of every value and silence, as the chart wants them.
    private let onBeat: (Moment, UInt16?) -> Void

    init(
        pipeline: consuming Pipeline, replay: Replay?, radio: Radio?, ending: Ending,
        signals: consuming Signals, start: Moment, onBeat: @escaping (Moment, UInt16?) -> Void
    ) throws(SystemError) {
        self.pipeline = pipeline
        self.replay = replay
        self.ending = ending
        self.signals = signals
        self.onBeat = onBeat
        self.radio = radio
        lines = replay == nil && radio == nil && ending.hasInput ? HexLines() : nil
        sensor = SensorNow(time: replay?.sensorStart ?? start)
        try self.pipeline.watch(self.signals.number, .signals)
        if let radio { try self.pipeline.watch(radio.number, .radio) }
        self.pipeline.operations.radio = radio
    }

    /// Tells the watchdog's judge how far every stage is.
    func noteStages(now: Int64) {
        pipeline.noteStages(now: now, busDue: phase == .running ? radio?.deadline : nil)
    }

    /// The time of the sensor now: a recording has its own.
    var sensorNow: Moment {
        let now = pipeline.time.now()
        return replay?.sensorTime(at: now.monotonicNanoseconds) ?? now
    }

    /// Runs to the end. `tick` is called every `tickNanoseconds` of machine time, to show things.
    mutating func run(
        tickNanoseconds: Int64?, tick: (borrowing Session) -> Void
    ) throws(SystemError) -> Outcome {
        var watchesInput = false
        if lines != nil { watchesInput = try watchInput() }
        var tickDue = tickNanoseconds.map { _ in Clock.monotonicNanoseconds() }
        while true {
            let now = Clock.monotonicNanoseconds()
            if let due = tickDue, let interval = tickNanoseconds, now >= due {
                tick(self)
                tickDue = max(now, due + interval)
            }
            if phase == .running || phase == .idle, pipeline.operations.endReason != nil {
                drain(within: ending.drainAfterSignalNanoseconds)
            }
            if phase == .running { try takeInput(now: now, always: !watchesInput) }
            if case .draining(let until) = phase {
                if pipeline.gateway.isDrained { return finish(.drained, tick) }
                // The sinks have had their time; the ring is written whatever they do.
                let isOver = pipeline.gateway.isOnCard || now >= until + Self.ringNanoseconds
                if now >= until && isOver { return finish(.timedOut, tick) }
            }
            let wakes = try pipeline.wait(until: nextDeadline(tickDue, watchesInput))
            if wakes.signals && answerSignals() { return finish(.interrupted, tick) }
            if wakes.input && phase == .running { try readLines() }
            if phase == .running { turnRadio(hasWork: wakes.radio) }
        }
    }

    private mutating func finish(
        _ outcome: Outcome, _ tick: (borrowing Session) -> Void
    ) -> Outcome {
        hasEnded = true
        tick(self)
        pipeline.stop()
        pipeline.journal.sayLosses()
        return outcome
    }

    /// A file as standard input cannot be polled (epoll_ctl(2), EPERM): it is always readable.
    private func watchInput() throws(SystemError) -> Bool {
        do throws(SystemError) {
            try pipeline.watch(0, .input)
            return true
        } catch {
            return false
        }
    }

    private func nextDeadline(_ tickDue: Int64?, _ watchesInput: Bool) -> Int64? {
        var due = tickDue
        func take(_ time: Int64?) {
            if let time { due = min(due ?? time, time) }
        }
        switch phase {
        case .idle: break
        case .draining(let until):
            let now = Clock.monotonicNanoseconds()
            take(now < until ? until : until + Self.ringNanoseconds)
        case .running:
            take(ending.inputUntil)
            if let radio { take(radioIsBusy ? 0 : radio.deadline) }
            if pipeline.gateway.hasRoom { take(replay?.due) }
            if lines != nil && !watchesInput { take(0) }
        }
        return due
    }

    private mutating func takeInput(now: Int64, always: Bool) throws(SystemError) {
        if !ending.hasInput { return endInput() }
        if let until = ending.inputUntil, now >= until { return endInput() }
        if replay != nil { return playRows(now: now) }
        if radio != nil { return }
        if always { try readLines() }
    }

    /// Feeds the rows that are due. A recording waits while the card is behind by a whole
    /// window: it can, and then nothing of it is lost.
    private mutating func playRows(now: Int64) {
        for _ in 0..<Self.rowsPerTurn {
            guard pipeline.gateway.hasRoom else { return }
            if replay?.due == nil { return endInput() }
            guard let beat = replay?.take(now: now) else { return }
            guard let value = beat.beatsPerMinute else {
                sensor.silences += 1
                onBeat(beat.time, nil)
                continue
            }
            let notification = self.notification
            notification.bytes.removeAll()
            HeartRateMeasurement(beatsPerMinute: value).encode(into: &notification.bytes)
            notification.bytes.withBytes { feed($0, at: beat.time) }
        }
    }

    private mutating func readLines() throws(SystemError) {
        guard let lines else { return }
        try lines.read { line, bytes in
            switch line {
            case .notification(.heartRateMeasurement): feed(bytes, at: pipeline.time.now())
            case .notification(let characteristic):
                pipeline.feed(bytes, characteristic, time: pipeline.time.now())
            case .noMeasurement:
                malformedLines += 1
                pipeline.journal.log.write(
                    .warning,
                    "input line \(lines.number): no measurement stands before the \"=\" "
                        + "(2A37, 2A35, 2A1C, 2A5F, 2A5E or 2A18)")
            case .malformed(let error):
                malformedLines += 1
                let text = Messages.text(error, in: String(decoding: bytes))
                pipeline.journal.log.write(.warning, "input line \(lines.number): \(text)")
            case .tooLong:
                malformedLines += 1
                pipeline.journal.log.write(
                    .warning, "input line \(lines.number): longer than any notification")
            }
        }
        if lines.isAtEnd {
            pipeline.unwatch(lines.descriptor)
            endInput()
        }
    }

    private mutating func feed(_ bytes: Span<UInt8>, at time: Moment) {
        do throws(HeartRateError) {
            let measurement = try HeartRateMeasurement(decoding: bytes)
            sensor.note(measurement, at: time)
            if case .heartRate(let value) = HeartRateState(measurement) { onBeat(time, value) }
        } catch {
            // The gateway counts and reports it.
        }
        pipeline.feed(bytes, time: time)
    }

    /// The input has ended, or its time has.
    private mutating func endInput() {
        if ending.staysAtEnd {
            phase = .idle
        } else {
            drain(within: ending.drainNanoseconds)
        }
    }

    /// Lets the radio take what has come, and do what is due.
    private mutating func turnRadio(hasWork: Bool) {
        guard let radio else { return }
        let isDue = radio.deadline.map { $0 <= Clock.monotonicNanoseconds() } ?? false
        guard hasWork || radioIsBusy || isDue else { return }
        radioIsBusy = radio.turn(
            deliver: { delivery, bytes in
                // A value that stands still is no heart rate: neither judged nor sent.
                guard !delivery.isFrozen else {
                    return pipeline.gateway.heard(
                        sensor: delivery.sensor, now: Clock.monotonicNanoseconds())
                }
                pipeline.feed(
                    bytes, delivery.characteristic, sensor: delivery.sensor,
                    time: pipeline.time.now())
            },
            tell: { note($0, radio.plan.unnamed) }, log: pipeline.journal.log)
    }

    private mutating func note(_ report: LinkReport, _ unnamed: Range<Int>) {
        if case .bound(let sensor, let address, _) = report, unnamed.contains(sensor) {
            pipeline.assign(sensor: sensor, name: RadioText.text(address))
        }
        // A place that no device has taken has nothing to say.
        if case .sensorChanged(let sensor, _, _, _, _, _) = report, unnamed.contains(sensor),
            radio?.status(sensor: sensor)?.address == nil
        {
            return
        }
        pipeline.journal.note(report)
        noteAlarm(report)
    }

    /// What the way to the sensors finds out is an alarm too.
    private mutating func noteAlarm(_ report: LinkReport) {
        let now = Clock.monotonicNanoseconds()
        switch report {
        case .frozen(let sensor): pipeline.gateway.note(.frozen, true, sensor: sensor, now: now)
        case .unfrozen(let sensor):
            pipeline.gateway.note(.frozen, false, sensor: sensor, now: now)
        case .batteryLow(let sensor, _):
            pipeline.gateway.note(.batteryLow, true, sensor: sensor, now: now)
        case .batteryWell(let sensor, _):
            pipeline.gateway.note(.batteryLow, false, sensor: sensor, now: now)
        default: return
        }
        pipeline.carryOut()
    }

    private mutating func drain(within nanoseconds: Int64) {
        if let radio {
            pipeline.unwatch(radio.number)
            radio.close()
        }
        phase = .draining(until: Clock.monotonicNanoseconds() + nanoseconds)
        pipeline.gateway.drain()
        pipeline.carryOut()
    }

    /// Answers whether to end at once.
    private mutating func answerSignals() -> Bool {
        while let signal = signals.next() {
            guard signal == .terminate else { continue }
            if case .draining = phase { return true }
            drain(within: ending.drainAfterSignalNanoseconds)
        }
        return false
    }
}

/// A notification on its way from a recording to the gateway.
private final class NotificationBuffer {
    var bytes = FixedBuffer(capacity: 32)
}
