import Bytes
import Foundation
import Linux
import TestSupport
import Testing

struct UnixSocketTests {
    @Test func nameThatDoesNotFitIsRefused() {
        let long = String(repeating: "x", count: 108)
        for name in [UnixSocket.Name.path(long), .abstract(long)] {
            #expect(
                throws: SystemError(call: "connect", subject: long, number: ENAMETOOLONG)
            ) {
                _ = try UnixSocket.connect(to: name)
            }
        }
    }

    @Test func socketWithoutAListenerIsRefused() {
        let path = "/nonexistent/socket"
        #expect(throws: SystemError(call: "connect", subject: path, number: ENOENT)) {
            _ = try UnixSocket.connect(to: .path(path))
        }
        let name = "pulsegate-nobody-\(getpid())"
        #expect(throws: SystemError(call: "connect", subject: name, number: ECONNREFUSED)) {
            _ = try UnixSocket.connect(to: .abstract(name))
        }
    }

    @Test func packetsKeepTheirBoundsAndTheEndIsTold() throws {
        var pair: [Int32] = [0, 0]
        let type = Int32(SOCK_SEQPACKET.rawValue)
        let made = unsafe socketpair(AF_UNIX, type, 0, &pair)
        try #require(made == 0)
        let reader = FileDescriptor(owning: pair[0])
        func receive(hasEnded: Bool = false) throws -> (ReceivedPacket, [UInt8]) {
            var buffer = FixedBuffer(capacity: 4)
            let packet = try reader.receivePacket(
                into: &buffer, hasEnded: hasEnded, subject: "test")
            return (packet, [UInt8](copying: buffer.bytes))
        }
        #expect(try receive() == (.nothing, []))
        for packet in [[1, 2, 3], [], [4, 5, 6, 7, 8]] as [[UInt8]] {
            let sent = unsafe send(pair[1], packet, packet.count, 0)
            try #require(sent == packet.count)
        }
        #expect(try receive() == (.packet(length: 3, isCut: false), [1, 2, 3]))
        #expect(try receive() == (.packet(length: 0, isCut: false), []))
        #expect(try receive() == (.packet(length: 5, isCut: true), [4, 5, 6, 7]))
        close(pair[1])
        #expect(try receive(hasEnded: true) == (.end, []))
    }
}
