public import Foundation

/// A recorded session out of `Tests/Support/Recordings`.
public struct Recording: Sendable {
    /// One line of the file.
    public struct Row: Equatable, Sendable {
        /// From the start of the session.
        public let seconds: Int64
        /// nil: the sensor gave no value.
        public let beatsPerMinute: UInt16?
    }

    /// Why a file is no recording.
    public enum Failure: Error, Equatable {
        case header(String)
        case row(line: Int)
    }

    /// The session's name, such as `run-47min`.
    public let name: String
    public let rows: [Row]

    /// Every session there is.
    public static let names = [
        "indoor-trainer-38min", "multisport-7h", "ride-78min", "run-47min",
        "wrist-sensor-28min",
    ]

    /// The folder with the files.
    public static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("Recordings")

    public init(name: String) throws {
        let file = Self.folder.appendingPathComponent("\(name).csv")
        let text = try String(contentsOf: file, encoding: .utf8)
        let lines = text.split(whereSeparator: \.isNewline)
        guard lines.first == "seconds,beats_per_minute" else {
            throw Failure.header(String(lines.first ?? ""))
        }
        self.name = name
        rows = try lines.enumerated().dropFirst().map { index, line in
            let columns = line.split(separator: ",", omittingEmptySubsequences: false)
            guard columns.count == 2, let seconds = Int64(columns[0]) else {
                throw Failure.row(line: index + 1)
            }
            if columns[1].isEmpty { return Row(seconds: seconds, beatsPerMinute: nil) }
            guard let rate = UInt16(columns[1]) else { throw Failure.row(line: index + 1) }
            return Row(seconds: seconds, beatsPerMinute: rate)
        }
    }
}
