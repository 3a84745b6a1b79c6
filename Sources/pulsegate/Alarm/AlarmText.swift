import Alarm
import Gateway

/// What people read of alarms.
enum AlarmText {
    /// The line of a change and how grave it is.
    static func line(
        _ event: AlarmEvent, sensors: [String], sinks: [String]
    ) -> (LogLevel, String) {
        let rule = event.condition.rule
        let whose = place(event.source, sensors: sensors, sinks: sinks)
        let what = title(event.condition)
        if event.condition.isRate, let sensor = event.sensor {
            switch event.edge {
            case .raise:
                return (.warning, "ALARM \(sensors[sensor]): \(event.beatsPerMinute) bpm, \(what)")
            case .clear:
                let value = event.beatsPerMinute
                return (
                    .notice,
                    "alarm cleared \(sensors[sensor])" + (value > 0 ? ": \(value) bpm" : "")
                )
            case .acknowledge, .resound: break
            }
        }
        switch event.edge {
        case .raise:
            return (
                rule.priority == .low ? .notice : .warning,
                "alarm raised, \(rule.priority.word) priority: \(whose)\(what)"
            )
        case .clear: return (.notice, "alarm cleared: \(whose)\(what)")
        case .acknowledge: return (.notice, "alarm acknowledged: \(whose)\(what)")
        case .resound: return (.warning, "alarm sounds again: \(whose)\(what)")
        }
    }

    private static func place(
        _ source: AlarmSource, sensors: [String], sinks: [String]
    ) -> String {
        switch source {
        case .sensor(let sensor): "sensor \(sensors[sensor]): "
        case .sink(let sink): "sink \(sinks[sink]): "
        case .gateway: ""
        }
    }

    static func title(_ condition: AlarmCondition) -> String {
        switch condition {
        case .highRate: "high heart rate"
        case .lowRate: "low heart rate"
        case .sensorLost: "lost, it sends nothing any more"
        case .offSkin: "off skin"
        case .frozen: "frozen, the same value without end"
        case .batteryLow: "battery low"
        case .ringFull: "the ring is full, records are being lost"
        case .ringFailing: "the card of the ring fails"
        case .clockUnsynced: "nothing has told the time"
        case .uplinkDown: "not reached"
        case .test: "test of lamp and buzzer"
        }
    }

    /// One alarm for a list.
    static func line(
        _ entry: AlarmEntry, sensors: [String], sinks: [String], now: Int64
    ) -> String {
        var text = "\(entry.condition.rule.priority.word) "
        text += place(entry.source, sensors: sensors, sinks: sinks) + title(entry.condition)
        if let since = entry.raisedSince {
            text += ", raised \((now - since) / 1_000_000_000) s ago"
        } else {
            text += ", cleared"
        }
        switch entry.sound {
        case .sounding, .finishing: text += ", sounds"
        case .paused(.max): text += ", acknowledged"
        case .paused(let until):
            text += ", pauses for \((max(0, until - now) + 999_999_999) / 1_000_000_000) s"
        case .silent: break
        }
        return text
    }
}
