import ControlSocket
import Foundation
import Linux
import Testing

/// One line in, lines out.
struct ControlSocketTests {
    private let path = FileManager.default.temporaryDirectory
        .appending(path: "pg-\(UUID().uuidString.prefix(8))").path

    /// Serves until `isDone`, ten seconds at most.
    private func serve(_ server: ControlServer, until isDone: () -> Bool) throws {
        let end = Clock.monotonicNanoseconds() + 10_000_000_000
        while !isDone(), Clock.monotonicNanoseconds() < end {
            try server.service(now: Clock.monotonicNanoseconds()) { line in
                line == "long" ? String(repeating: "x", count: 100_000) : "you said \(line)\n"
            }
            usleep(500)
        }
    }

    private func ask(_ line: String) throws -> String? {
        let server = try ControlServer(path: path)
        let answer = Answer()
        let path = path
        let thread = Thread {
            do {
                answer.set(try ControlClient.ask(line, at: path))
            } catch {
                answer.set("\(error)")
            }
        }
        thread.start()
        try serve(server) { answer.text != nil }
        return answer.text
    }

    @Test func lineIsAnswered() throws {
        #expect(try ask("alarm status") == "you said alarm status\n")
    }

    @Test func callerWhoMayNotCommandIsTurnedAway() throws {
        let server = try ControlServer(path: path, mayCommand: { _ in false })
        let caller = try UnixSocket.connect(to: .path(path))
        var answered = 0
        try server.service(now: 1) { _ in
            answered += 1
            return ""
        }
        #expect(server.refusedCount == 1)
        #expect(server.deadline == nil)
        #expect(answered == 0)
        _ = caller.number
    }

    @Test func longAnswerIsCutAt64KiB() throws {
        #expect(try ask("long")?.count == 64 << 10)
    }

    @Test func callerWhoSaysTooMuchIsDropped() throws {
        #expect(try ask(String(repeating: "y", count: 300))?.contains("you said") == false)
    }

    @Test func callerWhoIsSilentIsDroppedAndWakesTheLoopInTime() throws {
        let server = try ControlServer(path: path)
        let caller = try UnixSocket.connect(to: .path(path))
        try server.service(now: 1_000) { _ in "" }
        let deadline = try #require(server.deadline)
        #expect(deadline == 1_000 + 5_000_000_000)
        try server.service(now: deadline) { _ in "" }
        #expect(server.deadline == nil)
        _ = caller.number
    }

    @Test func socketIsForUserAndGroupAndGoesWithItsServer() throws {
        do {
            let server = try ControlServer(path: path)
            let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions]
            #expect((mode as? NSNumber)?.intValue == 0o660)
            _ = server.number
        }
        #expect(!Path.exists(path))
        #expect(throws: ControlError.self) { try ControlClient.ask("x", at: path) }
    }
}

/// What a thread has been told.
private final class Answer: @unchecked Sendable {
    private let lock = NSLock()
    private var value: String?
    var text: String? { lock.withLock { value } }
    func set(_ text: String) { lock.withLock { value = text } }
}
