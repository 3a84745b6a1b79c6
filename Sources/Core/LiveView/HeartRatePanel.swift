/// The words and looks of the heart rate and of its alarm, for both layouts.
struct HeartRatePanel {
    let status: LiveStatus

    /// What the big digits say; `---` where there is no heart rate.
    var digits: String {
        if case .beatsPerMinute(let value) = status.heartRate { "\(value)" } else { "---" }
    }

    /// Colour of the digits.
    var style: Style {
        guard case .beatsPerMinute = status.heartRate else { return .warning }
        return switch status.alarm.state {
        case .normal: .good
        case .pending: .warning
        case .raised: .alarm
        }
    }

    /// Why there is no heart rate; nil where there is one.
    var reason: String? {
        switch status.heartRate {
        case .beatsPerMinute: nil
        case .none: "waiting for a value"
        case .silent(let seconds): "SILENT for \(LiveText.age(seconds))"
        case .offSkin: "OFF SKIN: no contact"
        case .implausible(let value): "IMPLAUSIBLE: \(value) bpm"
        }
    }

    var contact: String? {
        switch status.contact {
        case .unknown: nil
        case .detected: "on skin"
        case .notDetected: "off skin"
        }
    }

    var interval: String? {
        status.intervalMilliseconds.map { "RR \($0) ms" }
    }

    /// The alarm's state in one or two words, on a colour. Without a heart rate nothing is
    /// judged, and that is never called normal; a raised alarm stays raised.
    var badge: (text: String, style: Style) {
        switch status.alarm.state {
        case .raised: (" ALARM HIGH ", .alarmBadge)
        case _ where reason != nil: (" NOT JUDGED ", .warningBadge)
        case .normal: (" NORMAL ", .goodBadge)
        case .pending: (" PENDING ", .warningBadge)
        }
    }

    /// How long the state lasts, or will.
    var timing: String {
        switch status.alarm.state {
        case .normal: ""
        case .pending(let left): reason == nil ? "raised in \(LiveText.age(left))" : ""
        case .raised(let since):
            "for \(LiveText.age(status.elapsedSeconds - min(since, status.elapsedSeconds)))"
        }
    }

    /// Which limit the state is about.
    var limit: String {
        let alarm = status.alarm
        return switch alarm.state {
        case .normal:
            "raised > \(alarm.limitBeatsPerMinute) · cleared < \(alarm.clearBeatsPerMinute) bpm"
        case .pending: "above \(alarm.limitBeatsPerMinute) bpm"
        case .raised(let since):
            "above \(alarm.limitBeatsPerMinute) bpm since \(LiveText.clock(since))"
        }
    }

    var isRaised: Bool {
        if case .raised = status.alarm.state { true } else { false }
    }

    /// Draws the big digits with their unit and, below, contact and interval or the reason why
    /// there is no heart rate.
    func draw(on canvas: inout Canvas, in area: Area) {
        canvas.box(area, title: "heart rate", style: isRaised ? .alarm : .dim)
        let inside = area.inside
        let top = inside.row + max(0, (inside.height - 6) / 2)
        BlockDigits.draw(digits, on: &canvas, inside.column + 1, top, style)
        canvas.put("bpm", inside.column + 2 + BlockDigits.columns, top + 4, .dim)
        let row = inside.bottom - 1
        if let reason {
            canvas.put(reason, inside.column + 1, row, .warning, width: inside.width - 2)
        } else {
            let facts = [contact, interval].compactMap { $0 }.joined(separator: " · ")
            canvas.put(facts, inside.column + 1, row, .plain, width: inside.width - 2)
        }
    }

    /// Draws the alarm's state, its limit and the latest edges, newest first.
    func drawAlarm(on canvas: inout Canvas, in area: Area) {
        canvas.box(
            area, title: "alarm", note: LiveText.plural(status.alarm.count, "alarm"),
            style: isRaised ? .alarm : .dim)
        let inside = area.inside
        let left = inside.column + 1
        let width = inside.width - 2
        let next = canvas.put(badge.text, left, inside.row, badge.style, width: width)
        canvas.put(timing, next + 1, inside.row, .strong, width: left + width - next - 1)
        canvas.put(limit, left, inside.row + 1, .plain, width: width)
        var row = inside.row + 3
        for edge in status.alarm.edges.reversed() {
            guard row < inside.bottom else { break }
            let sign: Unicode.Scalar = edge.isRaise ? "▲" : "▼"
            canvas.put(sign, left, row, edge.isRaise ? .alarm : .good)
            let word = edge.isRaise ? "raised " : "cleared"
            canvas.put(
                "\(LiveText.clock(edge.seconds))  \(word) at \(edge.beatsPerMinute) bpm",
                left + 2, row, .plain, width: width - 2)
            row += 1
        }
    }
}
