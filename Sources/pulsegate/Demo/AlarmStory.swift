import Alarm
import Gateway
import LiveView

/// Puts raises and clears together to alarms, each with its highest heart rate.
struct AlarmStory {
    private var followed = 0
    private(set) var finished: [DemoSummary.Alarm] = []

    /// Takes in the edges that the journal has noted since.
    mutating func follow(_ journal: Journal) {
        for line in journal.alarms.dropFirst(followed) {
            let seconds = UInt64(max(0, line.seconds))
            switch line.event.edge {
            case .raise:
                finished.append(
                    DemoSummary.Alarm(
                        raisedSeconds: seconds, clearedSeconds: nil,
                        highestBeatsPerMinute: line.event.beatsPerMinute))
            case .clear:
                if let last = finished.indices.last { finished[last].clearedSeconds = seconds }
            case .acknowledge, .resound: break
            }
        }
        followed = journal.alarms.count
    }

    /// A heart rate has come in.
    mutating func note(_ beatsPerMinute: UInt16) {
        guard let last = finished.indices.last, finished[last].clearedSeconds == nil else {
            return
        }
        finished[last].highestBeatsPerMinute = max(
            finished[last].highestBeatsPerMinute, beatsPerMinute)
    }
}
