import Alarm
import Bytes
import Diagnostics
import Gateway
import Linux
import LiveView
import RecordRing
import Time
import Uplink
import Vitals

/// Shows a session on standard output: a live page on a terminal, a line a second elsewhere, and
/// the summary at the end.
final class DemoView {
    /// A silence longer than this is counted: three notification intervals of a strap.
    private static let silenceNanoseconds: Int64 = 3_000_000_000

    private let plan: SessionPlan
    private let log: Log
    private let isLive: Bool
    private var page = FixedBuffer(capacity: LiveScreen.bytesPerFrameMax)
    private var history = HeartRateHistory()
    private var alarms = AlarmStory()
    private var journal: Journal?
    private var start: Moment?
    private var lastBeat: Moment?
    private var silences: UInt64 = 0
    private var silentNanoseconds: Int64 = 0
    private var lastSize: (columns: Int, rows: Int)?

    init(plan: SessionPlan, log: Log) {
        self.plan = plan
        self.log = log
        isLive = Terminal.isTerminal(1) && Environment.value("TERM") ?? "dumb" != "dumb"
    }

    /// A live page moves; a log has a line a second.
    var tickNanoseconds: Int64 { isLive ? 100_000_000 : 1_000_000_000 }

    func begin(_ session: borrowing Session) {
        journal = session.pipeline.journal
        start = session.sensor.time
        guard isLive else { return }
        log.isQuiet = true
        write { $0.append(LiveScreen.enter) }
    }

    /// A row of the recording is about to be fed.
    func note(_ time: Moment, _ beatsPerMinute: UInt16?) {
        guard let start else { return }
        if let journal { alarms.follow(journal) }
        let elapsed = time.monotonicNanoseconds - start.monotonicNanoseconds
        guard let value = beatsPerMinute else {
            return history.advance(toSeconds: seconds(elapsed))
        }
        if let last = lastBeat {
            let gap = time.monotonicNanoseconds - last.monotonicNanoseconds
            if gap > Self.silenceNanoseconds {
                silences += 1
                silentNanoseconds += gap
            }
        }
        lastBeat = time
        alarms.note(value)
        history.record(beatsPerMinute: value, atSeconds: seconds(elapsed))
    }

    func show(_ session: borrowing Session) {
        let elapsed = session.sensorNow.monotonicNanoseconds - (start?.monotonicNanoseconds ?? 0)
        history.advance(toSeconds: seconds(elapsed))
        if let journal { alarms.follow(journal) }
        let status = status(session, elapsed: elapsed)
        guard isLive else { return write { $0.append(plainLine: status, symbols: symbols) } }
        let size = Terminal.size(1) ?? (80, 24)
        let isResized = lastSize.map { $0 != size } ?? false
        lastSize = size
        let screen = LiveScreen(
            columns: size.columns, rows: size.rows,
            isColored: Environment.value("NO_COLOR") ?? "" == "", symbols: symbols)
        write { page in
            if isResized { page.append(LiveScreen.clear) }
            page.append(frame: status, screen: screen)
        }
    }

    func end(_ session: borrowing Session) {
        let elapsed = session.sensorNow.monotonicNanoseconds - (start?.monotonicNanoseconds ?? 0)
        if let journal { alarms.follow(journal) }
        let summary = summary(session, elapsed: elapsed)
        write { page in
            if isLive { page.append(LiveScreen.leave) } else { page.append(UInt8(ascii: "\n")) }
            page.append(summary: summary, symbols: symbols)
        }
    }

    private func write(_ fill: (inout FixedBuffer) -> Void) {
        page.removeAll()
        fill(&page)
        page.withBytes { Console.write($0) }
    }

    /// Printable ASCII on old consoles and where the locale is not UTF-8.
    private var symbols: LiveScreen.Symbols {
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].compactMap { Environment.value($0) }
            .first { !$0.isEmpty }
        if let locale {
            let name = locale.lowercased()
            return name.contains(text: "utf-8") || name.contains(text: "utf8") ? .unicode : .ascii
        }
        let console = ["linux", "vt100", "vt102", "vt220", "ansi"]
        return console.contains(Environment.value("TERM") ?? "") ? .ascii : .unicode
    }

    private func seconds(_ nanoseconds: Int64) -> UInt64 {
        UInt64(max(0, nanoseconds) / 1_000_000_000)
    }
}

// MARK: - What is shown

extension DemoView {
    private func status(_ session: borrowing Session, elapsed: Int64) -> LiveStatus {
        let sensor = session.sensor
        var status = LiveStatus()
        status.device = plan.device
        status.sensor = plan.sensors[0].name
        status.recording = plan.recording?.name ?? ""
        status.speed = plan.recording?.speed.text ?? ""
        status.elapsedSeconds = seconds(elapsed)
        status.heartRate = heartRate(session)
        status.contact =
            switch sensor.contact {
            case .notSupported: .unknown
            case .notDetected: .notDetected
            case .detected: .detected
            }
        status.intervalMilliseconds = sensor.lastInterval.map { UInt32(clamping: $0) }
        status.alarm = alarm(session)
        status.ring = ring(session)
        status.sinks = sinks(session)
        status.alarmLatency = latency(session.pipeline.journal.alarmLatency)
        status.durableLatency = latency(session.pipeline.gateway.durableLatency)
        status.history = history
        status.hint = "Ctrl-C ends"
        return status
    }

    private func heartRate(_ session: borrowing Session) -> LiveHeartRate {
        let sensor = session.sensor
        if sensor.isOffSkin { return .offSkin }
        if let value = sensor.implausible { return .implausible(value) }
        guard let value = sensor.lastValue, let time = sensor.lastValueTime else { return .none }
        let age = session.sensorNow.monotonicNanoseconds - time.monotonicNanoseconds
        return age > Self.silenceNanoseconds
            ? .silent(seconds: seconds(age)) : .beatsPerMinute(value)
    }

    private func alarm(_ session: borrowing Session) -> LiveAlarm {
        let judge = session.pipeline.gateway.alarm(sensor: 0)
        var alarm = LiveAlarm()
        alarm.limitBeatsPerMinute = judge.limits.highBeatsPerMinute
        alarm.clearBeatsPerMinute = judge.limits.clearBeatsPerMinute
        let begin = start?.monotonicNanoseconds ?? 0
        if let since = judge.raisedSince {
            alarm.state = .raised(sinceSeconds: seconds(since - begin))
        } else if let since = judge.pendingSince {
            let due = since + judge.limits.onsetDelayNanoseconds
            let left = due - session.sensorNow.monotonicNanoseconds
            alarm.state = .pending(secondsLeft: seconds(left + 999_999_999))
        }
        alarm.count = session.pipeline.gateway.counters.alarmsRaised
        alarm.edges = session.pipeline.journal.alarms.suffix(6).map { line in
            LiveAlarm.Edge(
                isRaise: line.event.edge == .raise, seconds: UInt64(max(0, line.seconds)),
                beatsPerMinute: line.event.beatsPerMinute)
        }
        return alarm
    }

    private func ring(_ session: borrowing Session) -> LiveRing {
        let cursor = session.pipeline.gateway.cursor
        var ring = LiveRing()
        ring.stored = session.pipeline.gateway.counters.recorded
        ring.used = cursor.head - cursor.oldest
        ring.capacity = cursor.slotCount
        ring.unsynced = cursor.unsyncedCount
        ring.trouble = session.pipeline.ringTrouble ?? ""
        return ring
    }

    private func sinks(_ session: borrowing Session) -> [LiveSink] {
        let now = Clock.now().monotonicNanoseconds
        var shown: [LiveSink] = []
        for (index, plan) in plan.sinks.enumerated() {
            let sink = session.pipeline.gateway.sinks[index]
            var live = LiveSink(name: plan.name, type: plan.kind.name)
            live.delivered = sink.queue.acknowledged
            live.waiting =
                sink.queue.waitingCount(head: session.pipeline.gateway.cursor.head)
                + UInt64(sink.queue.inFlightCount)
            live.lost = sink.queue.lost
            live.oldestWaitingSeconds = session.pipeline.gateway
                .oldestWaitingAge(sink: index, now: now).map { seconds($0) }
            if case .waiting(let until) = sink.state, sink.backoff.failures > 0 {
                let reason = sink.refusal.map { Messages.text($0) } ?? "not reached"
                live.state = .retrying(
                    inSeconds: seconds(until - now + 999_999_999), reason: reason)
            }
            shown.append(live)
        }
        return shown
    }

    private func latency(_ histogram: LatencyHistogram) -> LiveLatency? {
        guard let half = histogram.percentile(50), let most = histogram.percentile(99) else {
            return nil
        }
        return LiveLatency(
            p50Microseconds: half / 1_000, p99Microseconds: most / 1_000,
            maxMicroseconds: histogram.maximum / 1_000)
    }

    private func summary(_ session: borrowing Session, elapsed: Int64) -> DemoSummary {
        var summary = DemoSummary()
        summary.recording = plan.recording?.name ?? ""
        summary.elapsedSeconds = seconds(elapsed)
        summary.measurements = session.pipeline.gateway.counters.notifications
        summary.silences = silences
        summary.silentSeconds = seconds(silentNanoseconds)
        summary.limitBeatsPerMinute = plan.sensors[0].limits.highBeatsPerMinute
        summary.alarms = alarms.finished
        summary.stored = session.pipeline.gateway.counters.recorded
        summary.sinks = sinks(session)
        summary.alarmLatency = latency(session.pipeline.journal.alarmLatency)
        summary.durableLatency = latency(session.pipeline.gateway.durableLatency)
        summary.syncLatency = latency(session.pipeline.journal.syncLatency)
        summary.files = [DemoSummary.File(role: "ring", path: "\(plan.dataFolder)/ring")]
        for sink in plan.sinks {
            guard case .file(let file) = sink.kind else { continue }
            summary.files.append(DemoSummary.File(role: "records", path: file.path))
        }
        return summary
    }
}
