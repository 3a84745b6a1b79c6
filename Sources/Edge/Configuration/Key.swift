/// One key of the configuration: where it stands, what it takes, what it means.
///
/// `Key.all` is the one list: files are read with it, defaults come from it, and the reference
/// for users is printed from it.
struct Key {
    /// A kind of section; `sink` stands for each `[sink NAME]`, and so do `sensor`
    /// and `output`.
    enum Section: String, CaseIterable {
        case gateway, watchdog, input, bluetooth, sensor, alarm, output, button, ring, http, sink

        /// There may be several, each with a name.
        var isNamed: Bool { self == .sink || self == .sensor || self == .output }

        /// `gateway`, `sink NAME`.
        var title: String { isNamed ? "\(rawValue) NAME" : rawValue }

        /// How many there may be.
        var limit: Int {
            switch self {
            case .sink: Configuration.sinkLimit
            case .sensor: Configuration.sensorLimit
            case .output: Configuration.outputLimit
            default: 1
            }
        }
    }

    /// What holds when the key is not set.
    enum Fallback {
        /// A value as it would be written.
        case value(String)
        /// Computed from other settings; in words for the reference.
        case derived(String)
        /// Nothing, which is a choice too; in words for the reference.
        case absent(String)
        /// The key must be set (wherever its section's type has it).
        case required
    }

    let section: Section
    let name: String
    let form: Form
    let fallback: Fallback
    let meaning: String
    /// The values of `type` in the same section with which the key goes; empty: all.
    let types: [String]

    init(
        _ section: Section, _ name: String, _ form: Form, _ fallback: Fallback,
        types: [String] = [], _ meaning: String
    ) {
        self.section = section
        self.name = name
        self.form = form
        self.fallback = fallback
        self.types = types
        self.meaning = meaning
    }

    static func find(_ section: Section, _ name: String) -> Key? {
        all.first { $0.section == section && $0.name == name }
    }
}
