import Bytes
import Foundation
import Linux
import TestSupport
import Testing

/// A FIFO in the place of /dev/rfkill: what the job is told of radios, and what it writes.
struct RadioResetTests {
    private let folder: URL

    init() throws {
        folder = FileManager.default.temporaryDirectory
            .appendingPathComponent("pulsegate-rfkill-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    private static func event(
        _ index: UInt8, type: UInt8, operation: UInt8, blocked: UInt8
    ) -> [UInt8] {
        [index, 0, 0, 0, type, operation, blocked, 0]
    }

    private func name(_ index: Int, _ text: String) throws {
        let radio = folder.appendingPathComponent("rfkill\(index)")
        try FileManager.default.createDirectory(at: radio, withIntermediateDirectories: true)
        try Data((text + "\n").utf8).write(to: radio.appendingPathComponent("name"))
    }

    /// Runs the job with these radios; what it wrote, and how it ended.
    private func reset(
        adapter: UInt8?, unblocks: Bool = true, told events: [[UInt8]]
    ) throws -> (written: [[UInt8]], failure: SystemError?) {
        defer { #expect(throws: Never.self) { try FileManager.default.removeItem(at: folder) } }
        try name(1, "hci0")
        try name(2, "hci1")
        let device = folder.appendingPathComponent("device").path
        let made = unsafe mkfifo(device, 0o600)
        try #require(made == 0)
        let file = unsafe open(device, O_RDWR | O_NONBLOCK)
        defer { close(file) }
        var bytes = events.flatMap { $0 }
        let told = unsafe write(file, &bytes, bytes.count)
        try #require(told == bytes.count)
        let job = RadioReset(
            adapter: adapter, unblocks: unblocks, token: 7, device: device, names: folder.path)
        job.perform()
        #expect(job.token == 7)
        var answer = [UInt8](repeating: 0, count: 256)
        let length = unsafe read(file, &answer, answer.count)
        let whole = stride(from: 0, to: max(0, length), by: 8)
        return (whole.map { Array(answer[$0..<min($0 + 8, length)]) }, job.failure)
    }

    private static let radios = [
        event(0, type: 1, operation: 0, blocked: 0), event(1, type: 2, operation: 0, blocked: 1),
        event(2, type: 2, operation: 0, blocked: 0),
    ]

    @Test func blockedRadioIsUnblocked() throws {
        let (written, failure) = try reset(adapter: 0, told: Self.radios)
        #expect(failure == nil)
        #expect(written == [Self.event(1, type: 2, operation: 2, blocked: 0)])
    }

    @Test func radioThatIsNotBlockedIsBlockedAndUnblocked() throws {
        let (written, failure) = try reset(adapter: 1, told: Self.radios)
        #expect(failure == nil)
        #expect(
            written == [
                Self.event(2, type: 2, operation: 2, blocked: 1),
                Self.event(2, type: 2, operation: 2, blocked: 0),
            ])
    }

    @Test func everyBluetoothRadioIsResetAndNoOther() throws {
        let (written, failure) = try reset(adapter: nil, told: Self.radios)
        #expect(failure == nil)
        #expect(written.map { $0[0] } == [1, 2, 2])
        #expect(written.allSatisfy { $0[4] == 2 })
    }

    @Test func blockedRadioIsLeftAloneOnDemand() throws {
        let (written, failure) = try reset(adapter: nil, unblocks: false, told: Self.radios)
        #expect(failure == nil)
        #expect(written.map { $0[0] } == [2, 2])
    }

    @Test func adapterWithoutARadioIsAnError() throws {
        let (written, failure) = try reset(adapter: 9, told: Self.radios)
        #expect(written == [])
        #expect(failure?.number == ENODEV)
    }

    @Test func machineWithoutTheSwitchIsAnError() throws {
        let job = RadioReset(
            adapter: 0, unblocks: true, token: 1, device: folder.path + "/none")
        job.perform()
        #expect(job.failure?.number == ENOENT)
        try FileManager.default.removeItem(at: folder)
    }
}
