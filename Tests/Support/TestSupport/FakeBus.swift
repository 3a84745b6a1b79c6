import Foundation

/// Tests/Support/fake_bluez.py on a bus of its own; it ends with this object.
public final class FakeBus {
    /// Delays are shorter by this than BlueZ's.
    public static let scale = 0.01

    public private(set) var address = ""
    private let process = Process()
    private let input = Pipe()
    private let output = Pipe()
    private var unread = Data()

    private struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    public init(sensors: Int = 1, bluez: String = "5.66", scale: Double = FakeBus.scale) throws {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        let script = root.appendingPathComponent("Tests/Support/fake_bluez.py")
        let named = ProcessInfo.processInfo.environment["PULSEGATE_PYTHON"]
        let python = named ?? root.appendingPathComponent(".build/venv/bin/python").path
        guard FileManager.default.isExecutableFile(atPath: python) else {
            throw Failure(description: "\(python) is not there: `make venv` makes it")
        }
        process.executableURL = URL(fileURLWithPath: python)
        process.arguments = [
            "-B", script.path, "--sensors", "\(sensors)", "--bluez", bluez, "--scale", "\(scale)",
        ]
        process.standardInput = input
        process.standardOutput = output
        try process.run()
        let ready = try line()
        guard ready.hasPrefix("ready ") else { throw Failure(description: ready) }
        address = String(ready.dropFirst(6))
    }

    deinit {
        // Its input ends, and it with it.
        input.fileHandleForWriting.closeFile()
        process.waitUntilExit()
    }

    private func line() throws -> String {
        while true {
            if let end = unread.firstIndex(of: UInt8(ascii: "\n")) {
                let text = String(decoding: unread[..<end], as: UTF8.self)
                unread = Data(unread[(end + 1)...])
                return text
            }
            let more = output.fileHandleForReading.availableData
            if more.isEmpty { throw Failure(description: "the fake BlueZ has ended") }
            unread += more
        }
    }

    /// Gives an order and waits until it is done.
    @discardableResult
    public func order(_ name: String, _ arguments: [String: Any] = [:]) throws -> [String: Any] {
        var order = arguments
        order["do"] = name
        let text = try JSONSerialization.data(withJSONObject: order)
        try input.fileHandleForWriting.write(contentsOf: text + [UInt8(ascii: "\n")])
        let answer = try JSONSerialization.jsonObject(with: Data(try line().utf8))
        guard let answer = answer as? [String: Any], answer["error"] == nil else {
            throw Failure(description: "\(name): \(answer)")
        }
        return answer
    }

    /// The members of the calls that have come so far.
    public func members() throws -> [String] {
        let calls = try order("calls")["calls"] as? [[String: Any]]
        return calls?.compactMap { $0["member"] as? String } ?? []
    }
}
