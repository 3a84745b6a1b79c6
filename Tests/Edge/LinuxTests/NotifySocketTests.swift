import Foundation
import Testing

@testable import Linux

/// Datagrams to the service manager.
@Suite struct NotifySocketTests {
    /// A listening datagram socket at a path or in the abstract namespace, of Python: its address
    /// is spelt as systemd spells it.
    private func received(_ name: String, _ send: (NotifySocket) -> Void) throws -> String {
        let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = name.hasPrefix("@") ? [0] + Array(name.utf8.dropFirst()) : Array(name.utf8)
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: bytes) }
        let length = socklen_t(2 + bytes.count + (name.hasPrefix("@") ? 0 : 1))
        let bound = unsafe withUnsafePointer(to: &address) {
            unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe bind(descriptor, $0, length)
            }
        }
        try #require(bound == 0)
        let variables = ["NOTIFY_SOCKET": name]
        let notify = try #require(NotifySocket(variable: { variables[$0] }))
        send(notify)
        var buffer = [UInt8](repeating: 0, count: 512)
        let count = unsafe recv(descriptor, &buffer, buffer.count, Int32(MSG_DONTWAIT))
        return count < 0 ? "nothing" : String(decoding: buffer.prefix(count), as: UTF8.self)
    }

    private var path: String { "/tmp/pg-notify-\(UUID().uuidString.prefix(8))" }

    @Test func linesGoInOneDatagramToAPath() throws {
        let path = path
        defer { _ = unsafe unlink(path) }
        #expect(
            try received(path) { $0.send(["READY=1", NotifySocket.status("72 bpm")]) }
                == "READY=1\nSTATUS=72 bpm")
    }

    @Test func abstractNamesWork() throws {
        #expect(
            try received("@pg-\(UUID().uuidString)") { $0.send(["WATCHDOG=1"]) } == "WATCHDOG=1")
    }

    @Test func managerThatHasGoneIsNoFailure() throws {
        let variables = ["NOTIFY_SOCKET": path]
        let notify = try #require(NotifySocket(variable: { variables[$0] }))
        #expect(!notify.send(["READY=1"]))
    }

    @Test func whatIsNoAddressIsNoSocket() {
        for text in ["", "@", "relative", "vsock:2:1"] {
            #expect(NotifySocket.name(of: text) == nil, "\(text)")
        }
        #expect(NotifySocket(variable: { _ in nil }) == nil)
    }

    @Test func nameThatIsTooLongIsNoFailure() throws {
        let variables = ["NOTIFY_SOCKET": "/" + String(repeating: "x", count: 200)]
        #expect(try #require(NotifySocket(variable: { variables[$0] })).send(["READY=1"]) == false)
    }

    @Test func statusIsOneLine() {
        #expect(NotifySocket.status("a\nREADY=1\r\nb") == "STATUS=aREADY=1b")
    }

    @Test(
        arguments: [
            (nil, nil, nil), ("60000000", nil, 20_000_000_000), ("60000000", "42", 20_000_000_000),
            ("60000000", "43", nil), ("0", nil, nil), ("-1", nil, nil), ("x", nil, nil),
            ("9223372036854775807", nil, nil),
        ] as [(String?, String?, Int64?)])
    func watchdogIsFedThreeTimesAsOftenAsItMust(_ time: String?, _ owner: String?, _ feed: Int64?) {
        let variables = ["WATCHDOG_USEC": time, "WATCHDOG_PID": owner]
        #expect(NotifySocket.feed({ variables[$0] ?? nil }, 42) == feed)
    }
}

/// Who is at the other end of the control socket.
@Suite struct SocketPeerTests {
    @Test(
        arguments: [
            (0, 0, [], true), (7, 1, [], true), (8, 9, [], true), (8, 1, [3, 9], true),
            (8, 1, [3], false),
        ] as [(UInt32, UInt32, [UInt32], Bool)])
    func rootTheUserAndTheGroupMayCommand(
        _ user: UInt32, _ group: UInt32, _ groups: [UInt32], _ may: Bool
    ) {
        let peer = SocketPeer(user: user, group: group, process: 1, groups: groups)
        #expect(peer.isOwner(7, orIn: 9) == may)
    }
}
