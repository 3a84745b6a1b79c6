public import Bytes

/// What a session came to: shown at its end, when the page is gone.
public struct DemoSummary: Equatable, Sendable {
    /// One alarm, from its raise to its clear.
    public struct Alarm: Equatable, Sendable {
        /// Second of the session.
        public var raisedSeconds: UInt64
        /// nil: still raised at the end.
        public var clearedSeconds: UInt64?
        /// The highest heart rate while it was raised.
        public var highestBeatsPerMinute: UInt16

        public init(
            raisedSeconds: UInt64, clearedSeconds: UInt64?, highestBeatsPerMinute: UInt16
        ) {
            self.raisedSeconds = raisedSeconds
            self.clearedSeconds = clearedSeconds
            self.highestBeatsPerMinute = highestBeatsPerMinute
        }
    }

    /// A file that is left behind, and what it is: `ring`, `records`.
    public struct File: Equatable, Sendable {
        public var role: String
        public var path: String

        public init(role: String, path: String) {
            self.role = role
            self.path = path
        }
    }

    public var recording = ""
    /// Seconds of the session that were played.
    public var elapsedSeconds: UInt64 = 0
    /// Heart rates that arrived.
    public var measurements: UInt64 = 0
    /// Times that the sensor fell silent, and the seconds of all of them.
    public var silences: UInt64 = 0
    public var silentSeconds: UInt64 = 0
    public var limitBeatsPerMinute: UInt16 = 150
    /// Alarms of the session, oldest first.
    public var alarms: [Alarm] = []
    /// Records written to the ring.
    public var stored: UInt64 = 0
    public var sinks: [LiveSink] = []
    public var alarmLatency: LiveLatency?
    public var durableLatency: LiveLatency?
    /// How long the card took for each fdatasync of the ring.
    public var syncLatency: LiveLatency?
    /// Where the data lies.
    public var files: [File] = []

    public init() {}
}

extension FixedBuffer {
    /// Appends the summary, one line for each fact. 16 KiB hold any with up to eight sinks and
    /// a hundred alarms.
    public mutating func append(
        summary: DemoSummary, symbols: LiveScreen.Symbols = .unicode
    ) {
        for line in SummaryText(summary: summary).lines { append(line: line, as: symbols) }
    }
}

/// The lines of a summary: a label at the left, facts behind it.
private struct SummaryText {
    let summary: DemoSummary

    private static let labelColumns = 14
    private static let figureColumns = 10

    var lines: [String] {
        let name = summary.recording.isEmpty ? "" : " \(summary.recording)"
        var lines = ["Session\(name), \(LiveText.clock(summary.elapsedSeconds)) played", ""]
        lines += labelled("measurements", [measurements])
        lines += labelled("alarms", alarms)
        lines += labelled("records", ["\(LiveText.grouped(summary.stored)) stored on this board"])
        lines += labelled("sinks", sinks)
        lines += labelled("latency", latencies)
        lines += labelled("files", summary.files.map { "\($0.role.padded(to: 9)) \($0.path)" })
        return lines + ["", "Not a medical device."]
    }

    /// The facts under each other, the label beside the first one.
    private func labelled(_ label: String, _ facts: [String]) -> [String] {
        facts.enumerated().map { index, fact in
            "  " + (index == 0 ? label : "").padded(to: Self.labelColumns) + fact
        }
    }

    private var measurements: String {
        let taken = LiveText.grouped(summary.measurements)
        guard summary.silences > 0 else { return "\(taken), no silence" }
        let silences = LiveText.plural(summary.silences, "silence")
        return "\(taken), \(silences) (\(LiveText.age(summary.silentSeconds)))"
    }

    private var alarms: [String] {
        let limit = "above \(summary.limitBeatsPerMinute) bpm"
        guard !summary.alarms.isEmpty else { return ["none \(limit)"] }
        let head = "\(LiveText.grouped(UInt64(summary.alarms.count))) \(limit)"
        return [head]
            + summary.alarms.map { alarm in
                let raised = LiveText.clock(alarm.raisedSeconds)
                let peak = "up to \(alarm.highestBeatsPerMinute) bpm"
                guard let cleared = alarm.clearedSeconds else {
                    return "raised \(raised)  still raised      \(peak)"
                }
                return "raised \(raised)  cleared \(LiveText.clock(cleared))  \(peak)"
            }
    }

    private var sinks: [String] {
        guard !summary.sinks.isEmpty else { return ["none"] }
        let width = summary.sinks.map { $0.name.unicodeScalars.count }.max() ?? 0
        let name = min(24, max(8, width))
        let words = ["delivered", "waiting", "lost"].map { $0.paddedLeft(to: Self.figureColumns) }
        let head = "".padded(to: name) + words.joined() + "  state"
        return [head]
            + summary.sinks.map { sink in
                let figures = [sink.delivered, sink.waiting, sink.lost].map {
                    LiveText.count($0, width: 9).paddedLeft(to: Self.figureColumns)
                }
                return sink.name.clipped(to: name).padded(to: name) + figures.joined()
                    + "  \(SinkTable.state(of: sink).text)"
            }
    }

    private var latencies: [String] {
        let words = ["p50", "p99", "max"].map { $0.paddedLeft(to: Self.figureColumns) }
        let head = "".padded(to: 8) + words.joined() + "  from a notification's arrival"
        let rows = [
            ("alarm", summary.alarmLatency, "until the alarm is decided and handed on"),
            ("durable", summary.durableLatency, "until its record is synced or delivered"),
            ("sync", summary.syncLatency, "the card alone, for each fdatasync of the ring"),
        ]
        return [head]
            + rows.map { name, latency, meaning in
                let figures = [
                    latency?.p50Microseconds, latency?.p99Microseconds, latency?.maxMicroseconds,
                ].map {
                    ($0.map(LiveText.latency) ?? "-").paddedLeft(to: Self.figureColumns)
                }
                return name.padded(to: 8) + figures.joined() + "  \(meaning)"
            }
    }
}
