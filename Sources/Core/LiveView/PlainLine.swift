public import Bytes

extension FixedBuffer {
    /// Appends the status as one line, for pipes and files where no page can be drawn:
    ///
    /// `00:03:12  156 bpm       ALARM high (>150) since 00:02:58 | stored 192 ... | file ok`
    ///
    /// Every column begins at the same place for counts up to 999,999. With several sinks
    /// `delivered` and `waiting` are those of the slowest one, and `lost` is the sum.
    public mutating func append(
        plainLine status: LiveStatus, symbols: LiveScreen.Symbols = .unicode
    ) {
        let line = PlainLine(status: status)
        append(
            line: "\(line.session) | \(line.records) | \(line.sinks)\(line.trouble)", as: symbols)
    }
}

/// The three parts of the line.
private struct PlainLine {
    let status: LiveStatus

    /// The longest text is `ALARM high (>150) since 00:02:58`.
    private static let alarmColumns = 32
    /// The longest text is `silent 23h59m`.
    private static let heartRateColumns = 13
    private static let figureColumns = 6

    var session: String {
        let rate = heartRate.padded(to: Self.heartRateColumns)
        let state = alarm.padded(to: Self.alarmColumns)
        return "\(LiveText.clock(status.elapsedSeconds))  \(rate)  \(state)"
    }

    var records: String {
        let figures = [
            ("stored", status.ring.stored),
            ("delivered", status.sinks.map { $0.delivered }.min() ?? 0),
            ("waiting", status.sinks.map { $0.waiting }.max() ?? 0),
            ("lost", LiveText.sum(status.sinks.map { $0.lost })),
        ]
        return figures.map { "\($0) \(String($1).paddedLeft(to: Self.figureColumns))" }
            .joined(separator: " ")
    }

    var sinks: String {
        guard !status.sinks.isEmpty else { return "no sink" }
        return status.sinks.map { "\($0.name) \(SinkTable.state(of: $0).text)" }
            .joined(separator: ", ")
    }

    /// What the card does wrong, behind everything else.
    var trouble: String {
        let ring = status.ring
        guard !ring.trouble.isEmpty else { return "" }
        return " | ring fails: \(ring.trouble), \(LiveText.grouped(ring.unsynced)) not synced"
    }

    private var heartRate: String {
        switch status.heartRate {
        case .beatsPerMinute(let value): "\(String(value).paddedLeft(to: 3)) bpm"
        case .none: "no value yet"
        case .silent(let seconds): "silent \(LiveText.shortAge(seconds))"
        case .offSkin: "off skin"
        case .implausible: "implausible"
        }
    }

    private var alarm: String {
        let limit = "(>\(status.alarm.limitBeatsPerMinute))"
        switch status.alarm.state {
        case .raised(let since): return "ALARM high \(limit) since \(LiveText.clock(since))"
        case .normal, .pending: break
        }
        guard case .beatsPerMinute = status.heartRate else { return "not judged" }
        guard case .pending(let left) = status.alarm.state else { return "normal" }
        return "pending \(limit), raised in \(LiveText.shortAge(left))"
    }
}
