import Alarm
import Bytes
import Diagnostics
import Gateway
import Linux
import RecordRing

/// The gateway as systemd sees it: ready, one line of status, and a watchdog that is fed while
/// every stage gets on.
final class ServiceManager {
    /// How often the status line is renewed where there is no watchdog.
    private static let statusNanoseconds: Int64 = 10_000_000_000
    /// How often a stage that still hangs is said again.
    private static let sayAgainNanoseconds: Int64 = 60_000_000_000

    private let socket: NotifySocket?
    private var saidAt: Int64?
    private var saidStage: Stage?

    init(socket: NotifySocket? = NotifySocket()) {
        self.socket = socket
    }

    /// How often `turn` is due.
    var turnNanoseconds: Int64 {
        min(Self.statusNanoseconds, socket?.feedNanoseconds ?? Self.statusNanoseconds)
    }

    func ready(_ status: String) {
        LastWords.prepare()
        socket?.send(["READY=1", NotifySocket.status(status)])
    }

    func stopping(_ status: String) {
        socket?.send(["STOPPING=1", NotifySocket.status(status)])
    }

    /// Judges the stages and feeds the watchdog, or says which of them hangs.
    func turn(_ session: borrowing Session, log: Log) {
        let now = Clock.monotonicNanoseconds()
        let operations = session.pipeline.operations
        operations.checkMemory()
        session.noteStages(now: now)
        var lines = [NotifySocket.status(StatusLine.text(session.pipeline, now: now))]
        switch operations.watch.judge(now: now) {
        case .feed:
            lines.append("WATCHDOG=1")
            if let stage = saidStage { log.write(.notice, "watchdog: \(stage.name) gets on again") }
            (saidStage, saidAt) = (nil, nil)
        case .withhold(let stage, let nanoseconds):
            let isNew = saidStage != stage
            if isNew || saidAt.map({ now - $0 >= Self.sayAgainNanoseconds }) ?? true {
                let limit = Messages.seconds(operations.watch.deadline(of: stage))
                log.write(
                    .error,
                    "watchdog: not fed: \(stage.name) hangs for "
                        + "\(Messages.seconds(nanoseconds)) (limit \(limit))")
                (saidStage, saidAt) = (stage, now)
            }
        }
        socket?.send(lines)
    }
}

/// The gateway in one line: what `systemctl status` and the console's `status` begin with.
enum StatusLine {
    static func text(_ pipeline: borrowing Pipeline, now: Int64) -> String {
        let rate = pipeline.operations.freshest(now: now).map { "\($0) bpm" } ?? "no heart rate"
        let heard = pipeline.operations.values.compactMap { $0 }
            .filter { now - $0.at < 10_000_000_000 }.count
        var text = "\(rate), \(RingText.count(UInt64(heard), "sensor")) heard"
        for sink in pipeline.gateway.sinks where !sink.isIdleErrorSink {
            let waiting = sink.owedCount(of: pipeline.gateway.cursor)
            let name = String(decoding: sink.settings.name.bytes)
            let state = sink.isSuspended ? " (rests)" : sink.refusal == nil ? "" : " (refused)"
            text += ", \(name) \(waiting) waiting\(state)"
        }
        if let trouble = pipeline.ringTrouble { text += ", ring fails (\(trouble))" }
        let alarms = pipeline.gateway.panel.entries.count { $0.isRaised }
        if alarms > 0 { text += ", \(RingText.count(UInt64(alarms), "alarm"))" }
        if pipeline.operations.isSafe { text += ", safe mode" }
        return text
    }
}
