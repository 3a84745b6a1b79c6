import Bytes
import Foundation
import HTTPS
import Linux
import Synchronization
import TestSupport
import Testing

/// The Python server beside this file, started once and ended with the process of the tests:
/// its standard input then ends.
final class TestServer: Sendable {
    static let shared = TestServer()

    /// PEM file of the authority that has signed what is right.
    let authorityFile: String
    private let ports: [String: Int]
    private let process: Mutex<ChildProcess?>

    private init() {
        let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("Server/tls_server.py")
        var words: [String: String] = [:]
        do {
            let child = try ChildProcess(["python3", "-B", "-W", "ignore", script.path])
            for word in try child.readLine().split(whereSeparator: \.isWhitespace) {
                let pair = word.split(separator: "=", maxSplits: 1).map(String.init)
                if pair.count == 2 { words[pair[0]] = pair[1] }
            }
            process = Mutex(child)
        } catch {
            process = Mutex(nil)
            Issue.record("the test server does not start: \(error)")
        }
        authorityFile = words["ca"] ?? "missing"
        ports = words.compactMapValues { Int($0) }
    }

    /// `https://127.0.0.1:PORT/path` of a kind of peer.
    func url(_ peer: String, _ path: String, host: String = "127.0.0.1") -> String {
        let scheme = peer == "plain" || peer == "proxy" ? "http" : "https"
        return "\(scheme)://\(host):\(ports[peer] ?? 0)/\(path)"
    }

    /// Trusts the server's authority, with time-outs that only a broken test reaches.
    var settings: HTTPSSettings {
        var settings = HTTPSSettings()
        settings.certificateAuthorityFile = authorityFile
        settings.connectTimeoutMilliseconds = 8_000
        settings.totalTimeoutMilliseconds = 10_000
        return settings
    }
}

/// A client in an outer poller, as the program has it.
final class Bench {
    let client: HTTPSClient
    private var poller: Poller
    private(set) var finished: [UInt64] = []

    init() throws {
        client = try HTTPSClient()
        poller = try Poller()
        try poller.set(client.number, token: 1, readable: true, writable: false)
    }

    func transfer(
        _ url: String, settings: HTTPSSettings = TestServer.shared.settings,
        limits: HTTPSLimits = HTTPSLimits(bodyBytes: 1_000, responseBytes: 100_000),
        token: UInt64 = 0
    ) throws -> HTTPSTransfer {
        try HTTPSTransfer(
            on: client, to: url, settings: settings, limits: limits, token: token)
    }

    /// Waits for the client as the program does, until `isDone`; false after 15 s without.
    func drive(until isDone: () -> Bool) throws -> Bool {
        let end = ContinuousClock.now + .seconds(15)
        while !isDone() {
            guard ContinuousClock.now < end else { return false }
            var isReady = false
            try poller.wait(timeoutNanoseconds: 1_000_000_000) { isReady = $0.token == 1 }
            guard isReady else { continue }
            try client.progress()
            while let transfer = client.nextFinished() { finished.append(transfer.token) }
        }
        return true
    }

    /// Starts the transfer and waits for its end.
    func run(_ transfer: HTTPSTransfer) throws -> HTTPSResult {
        try transfer.start()
        _ = try drive { !transfer.isRunning }
        return try #require(transfer.result)
    }

    func answer(_ transfer: HTTPSTransfer) throws -> HTTPSAnswer {
        let result = try run(transfer)
        guard case .answered(let answer) = result else {
            Issue.record("expected an answer: \(result)")
            throw Expected.answer
        }
        return answer
    }

    func failure(_ transfer: HTTPSTransfer) throws -> HTTPSFailure {
        let result = try run(transfer)
        guard case .failed(let failure) = result else {
            Issue.record("expected a failure: \(result)")
            throw Expected.failure
        }
        return failure
    }

    /// GET of `url`, its failure.
    func failure(
        of url: String, settings: HTTPSSettings = TestServer.shared.settings,
        limits: HTTPSLimits = HTTPSLimits(bodyBytes: 1, responseBytes: 100_000)
    ) throws -> HTTPSFailure {
        let transfer = try transfer(url, settings: settings, limits: limits)
        transfer.prepare { $0.method = .get }
        return try failure(transfer)
    }

    private enum Expected: Error { case answer, failure }
}

extension HTTPSTransfer {
    var responseBytes: [UInt8] {
        let span = response
        return span.indices.map { span[$0] }
    }

    var responseText: String { String(decoding: responseBytes, as: UTF8.self) }

    func post(_ bytes: [UInt8]) {
        prepare {
            $0.method = .post
            $0.body.removeAll()
            $0.body.append(bytes.span)
        }
    }

    func get() { prepare { $0.method = .get } }
}

/// All suites of this module: one after the other, because they share a server and some measure
/// time or memory.
@Suite(.serialized) enum HTTPSTests {}
