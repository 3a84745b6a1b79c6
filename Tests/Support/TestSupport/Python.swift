import Foundation

/// The Python that has what the tests need.
public enum Python {
    private struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    /// The program of the virtual environment, or the one that `PULSEGATE_PYTHON` names.
    public static func path() throws -> String {
        let named = ProcessInfo.processInfo.environment["PULSEGATE_PYTHON"]
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        let python = named ?? root.appendingPathComponent(".build/venv/bin/python").path
        guard FileManager.default.isExecutableFile(atPath: python) else {
            throw Failure(description: "\(python) is not there: `make venv` makes it")
        }
        return python
    }
}
