import Foundation

/// Tests/Support/fake_bluez.py on a bus of its own; it ends with this object.
public final class FakeBus {
    /// Delays are shorter by this than BlueZ's.
    public static let scale = 0.01

    public private(set) var address = ""
    private let process: ChildProcess

    private struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    public init(sensors: Int = 1, bluez: String = "5.66", scale: Double = FakeBus.scale) throws {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        let script = root.appendingPathComponent("Tests/Support/fake_bluez.py")
        process = try ChildProcess([
            try Python.path(), "-B", script.path, "--sensors", "\(sensors)", "--bluez", bluez,
            "--scale", "\(scale)",
        ])
        let ready = try process.readLine()
        guard ready.hasPrefix("ready ") else { throw Failure(description: ready) }
        address = String(ready.dropFirst(6))
    }

    /// Gives an order and waits until it is done.
    @discardableResult
    public func order(_ name: String, _ arguments: [String: Any] = [:]) throws -> [String: Any] {
        var order = arguments
        order["do"] = name
        let text = try JSONSerialization.data(withJSONObject: order)
        try process.write(line: String(decoding: text, as: UTF8.self))
        let answer = try JSONSerialization.jsonObject(with: Data(try process.readLine().utf8))
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
