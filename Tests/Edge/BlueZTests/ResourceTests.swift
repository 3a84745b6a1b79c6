import Bytes
import Foundation
import Glibc
import Linux
import SensorLink
import TestSupport
import Testing

@testable import BlueZ

extension BlueZTests {
    /// Dead buses, limits, and what is left when a connection is closed.
    @Suite(.serialized) struct ResourceTests {
        private func descriptors() throws -> Int {
            try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count
        }

        private func residentBytes() throws -> Int {
            let text = try String(contentsOfFile: "/proc/self/statm", encoding: .utf8)
            return try #require(Int(text.split(separator: " ")[1])) * 4_096
        }

        @Test func frozenBusIsGivenUpInTimeAndIsThereAgainLater() throws {
            let fake = try FakeBus()
            try fake.order("freeze", ["frozen": true])
            let bench = try Bench(address: fake.address)
            bench.client.openNanosecondsMax = 2_000_000
            for _ in 0..<60 {
                bench.client.perform(.openBus)
                try bench.wait(for: .busClosed)
                #expect(bench.take() == [.busClosed])
                #expect(bench.client.closure == .timedOut)
            }
            try fake.order("freeze", ["frozen": false])
            bench.client.openNanosecondsMax = 5_000_000_000
            bench.client.perform(.openBus)
            try bench.wait(for: .daemonAppeared)
        }

        @Test func busThatAcceptsNothingIsNeverWaitedFor() throws {
            // Each attempt leaves an entry in the queue of the listener; a connect(2) that finds
            // it full waits until somebody accepts.
            let path = FileManager.default.temporaryDirectory
                .appendingPathComponent("pulsegate-full-\(UUID().uuidString)").path
            let listener = try listen(path)
            defer {
                _ = close(listener)
                _ = unsafe unlink(path)
            }
            let bench = try Bench(address: "unix:path=\(path)")
            bench.client.openNanosecondsMax = 2_000_000
            var closures: [BusClosure] = []
            for _ in 0..<10 {
                bench.client.perform(.openBus)
                try bench.wait(for: .busClosed)
                #expect(bench.take() == [.busClosed])
                closures.append(bench.client.closure)
            }
            #expect(closures.first == .timedOut)
            let full = SystemError(call: "connect", subject: path, number: EAGAIN)
            #expect(closures.last == .unreachable(full))
        }

        /// Listens with the shortest queue there is.
        private func listen(_ path: String) throws -> Int32 {
            let socket = Glibc.socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
            var address = sockaddr_un()
            address.sun_family = sa_family_t(AF_UNIX)
            unsafe withUnsafeMutableBytes(of: &address.sun_path) {
                unsafe $0.copyBytes(from: path.utf8)
            }
            let length = socklen_t(MemoryLayout<sockaddr_un>.size)
            let bound = unsafe withUnsafePointer(to: &address) { start in
                unsafe start.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    unsafe bind(socket, $0, length)
                }
            }
            try #require(bound == 0)
            try #require(Glibc.listen(socket, 0) == 0)
            return socket
        }

        @Test func frozenBusDoesNotHoldUpCalls() throws {
            let fake = try FakeBus()
            let bench = try Bench(on: fake)
            try fake.order("freeze", ["frozen": true])
            var refused = 0
            let start = ContinuousClock.now
            for round in 0..<20_000 {
                let id = CallID(UInt32(round) + 1_000)
                bench.client.perform(.call(id, .startDiscovery(adapter: 0)))
                bench.client.perform(.abandon(id))
                while let event = bench.client.nextEvent() {
                    #expect(event == .completed(id, .notSent))
                    refused += 1
                }
            }
            #expect(refused > 1_000, "what waits for the bus has an end")
            #expect(ContinuousClock.now - start < .seconds(5))
            try fake.order("freeze", ["frozen": false])
        }

        @Test func openingAndClosingLeavesNothingBehind() throws {
            let fake = try FakeBus()
            let bench = try Bench(address: fake.address)
            var before = 0
            var memory = 0
            for round in 0..<200 {
                bench.client.perform(.openBus)
                if round % 3 == 0 { try bench.wait(for: .daemonAppeared) }
                if round % 5 == 0 {
                    _ = bench.start(.startDiscovery(adapter: 0))
                    _ = bench.start(.enumerate)
                }
                bench.client.close()
                _ = bench.take()
                #expect(bench.client.callsUnderWay == 0)
                if round == 50 {
                    before = try descriptors()
                    memory = try residentBytes()
                }
            }
            // Other suites open and close descriptors meanwhile; a leak would leave one a round.
            #expect(try descriptors() < before + 75)
            let growth = try residentBytes() - memory
            #expect(growth < 1_048_576, "resident memory grew by \(growth) bytes")
        }

        /// Sockets of this process that carry whole packets, as those of AcquireNotify do. Nothing
        /// else in it has any, whatever other suites open and close meanwhile.
        private func packetSockets() -> Int {
            (0..<Int32(4_096)).count { number in
                var kind: Int32 = 0
                var length = socklen_t(MemoryLayout<Int32>.size)
                return unsafe getsockopt(number, SOL_SOCKET, SO_TYPE, &kind, &length) == 0
                    && kind == Int32(SOCK_SEQPACKET.rawValue)
            }
        }

        @Test func socketsAreClosedWithTheBusAndWithTheDaemon() throws {
            let fake = try FakeBus()
            let bench = try Bench(on: fake)
            for order in ["kill", "close"] {
                try bench.connectStrap()
                #expect(try bench.call(.stopNotify(adapter: 0, Bench.heartRate)) == nil)
                #expect(try bench.call(.acquireNotify(adapter: 0, Bench.heartRate)) == nil)
                #expect(packetSockets() == 1)
                if order == "close" {
                    bench.client.close()
                } else {
                    try fake.order("kill")
                    try bench.wait(for: .daemonVanished)
                }
                #expect(packetSockets() == 0)
                if order == "kill" {
                    try fake.order("start")
                    try bench.wait(for: .daemonAppeared)
                }
                #expect(bench.client.socketsOpen == 0)
            }
        }

        /// Of a radio that no machine has.
        @Test func resetOfARadioLeavesNoThreadBehind() throws {
            let bench = try Bench(on: FakeBus())
            for _ in 0..<3 {
                let first = bench.start(.resetRadio(adapter: 200, unblocks: true))
                let second = bench.start(.resetRadio(adapter: 200, unblocks: false))
                #expect(bench.client.radioWorker != nil)
                #expect(try bench.finish(second) != nil)
                #expect(try bench.finish(first) != nil)
                #expect(bench.client.radioWorker == nil)
            }
        }

        @Test func messageLongerThanTheLimitEndsTheConnection() throws {
            let fake = try FakeBus()
            let bench = try Bench(on: fake)
            func send(_ count: Int) throws {
                try fake.order(
                    "signal",
                    [
                        "path": "/org/bluez/hci0", "interface": "org.freedesktop.DBus.Properties",
                        "member": "PropertiesChanged", "signature": "sa{sv}as",
                        "body": [
                            "org.bluez.Adapter1",
                            ["Name": ["v:s": String(repeating: "x", count: count)]], [String](),
                        ],
                    ])
            }
            try send(3_000_000)
            try bench.wait(for: .adapterChanged(adapter: 0, AdapterFacts()))
            try send(5_000_000)
            try bench.wait(for: .busClosed)
            #expect(bench.client.closure == .ended)
        }

        @Test func addressesThatWouldWaitAreRefused() throws {
            for address in [
                "tcp:host=localhost,port=1", "unixexec:path=/bin/true", "unix:tmpdir=/tmp", "",
                "no address", "unix:path=/a;tcp:host=b,port=1", "autolaunch:",
            ] {
                #expect(throws: BlueZError.unsupportedAddress(address)) {
                    try BlueZClient(address: address)
                }
            }
        }

        @Test func secondAddressIsTriedWhenTheFirstIsDead() throws {
            let fake = try FakeBus()
            let nowhere = "unix:path=/nonexistent/bus"
            let bench = try Bench(address: "\(nowhere);unix:abstract=nobody;\(fake.address)")
            bench.client.perform(.openBus)
            try bench.wait(for: .daemonAppeared)
        }

        @Test func pathThatNobodyListensAtIsSaid() throws {
            let bench = try Bench(address: "unix:path=/nonexistent/bus")
            bench.client.perform(.openBus)
            #expect(bench.take() == [.busClosed])
            #expect(bench.client.closure.description.contains("No such file or directory"))
            #expect(try bench.call(.enumerate) == .notSent)
        }
    }
}
