import Foundation
import Linux
import TestSupport
import Testing

/// Programs that print something and end.
struct HelperProcessTests {
    /// Waits for the end as the program does, by its descriptors; nil after 20 s.
    private func end(
        of helper: HelperProcess, limit: Int = 1 << 16
    ) throws -> HelperProcess.End? {
        var poller = try Poller()
        try poller.set(helper.exitNumber, token: 0, readable: true, writable: false)
        try poller.set(helper.outputNumber, token: 1, readable: true, writable: false)
        let last = ContinuousClock.now + .seconds(20)
        while ContinuousClock.now < last {
            try poller.wait(timeoutNanoseconds: 1_000_000_000) { _ in }
            if !helper.takeOutput(limit: limit) { poller.remove(helper.outputNumber) }
            if let end = helper.takeEnd() {
                _ = helper.takeOutput(limit: limit)
                return end
            }
        }
        return nil
    }

    private func run(_ script: String) throws -> (HelperProcess.End?, String) {
        let helper = try HelperProcess(["/bin/sh", "-c", script])
        let end = try end(of: helper)
        return (end, String(decoding: helper.printed, as: UTF8.self))
    }

    @Test func whatItPrintsAndHowItEndsIsTold() throws {
        #expect(try run("echo one; echo two >&2; exit 0") == (.status(0), "one\n"))
        #expect(try run("printf x; exit 255") == (.status(255), "x"))
        #expect(try run("kill -KILL $$") == (.signal(9), ""))
        #expect(try run("exec >&-; exit 3") == (.status(3), ""))
    }

    @Test func aProgramThatIsNotThereIsAnErrorAtTheStart() {
        #expect(
            throws: SystemError(call: "posix_spawn", subject: "/none/x", number: ENOENT)
        ) { _ = try HelperProcess(["/none/x"]) }
    }

    @Test func outputBeyondTheLimitIsNotTaken() throws {
        let helper = try HelperProcess(["/bin/sh", "-c", "exec yes"])
        let last = ContinuousClock.now + .seconds(20)
        while helper.printed.count <= 10_000, ContinuousClock.now < last {
            _ = helper.takeOutput(limit: 10_000)
        }
        #expect(helper.printed.count > 10_000 && helper.printed.count <= 10_000 + 4_096)
        helper.kill()
        #expect(try end(of: helper, limit: 0) == .signal(9))
        #expect(helper.hasEnded)
    }

    @Test func itsChildrenEndWithIt() throws {
        let helper = try HelperProcess(["/bin/sh", "-c", "sleep 1000 & echo $!; exit 0"])
        #expect(try end(of: helper) == .status(0))
        let text = String(decoding: helper.printed, as: UTF8.self)
        let child = try #require(pid_t(text.trimmingCharacters(in: .whitespacesAndNewlines)))
        let last = ContinuousClock.now + .seconds(20)
        while isRunning(child), ContinuousClock.now < last { usleep(1_000) }
        #expect(!isRunning(child))
    }

    @Test func oneThatIsLetGoIsKilled() throws {
        var helper: HelperProcess? = try HelperProcess(["/bin/sh", "-c", "echo $$; sleep 1000"])
        let last = ContinuousClock.now + .seconds(20)
        while helper?.printed.isEmpty ?? false, ContinuousClock.now < last {
            _ = helper?.takeOutput(limit: 100)
        }
        let text = String(decoding: helper?.printed ?? [], as: UTF8.self)
        let number = try #require(pid_t(text.trimmingCharacters(in: .whitespacesAndNewlines)))
        #expect(isRunning(number))
        helper = nil
        while isRunning(number), ContinuousClock.now < last { usleep(1_000) }
        #expect(!isRunning(number))
    }

    /// Not gone, and no zombie that waits for its parent (proc(5)).
    private func isRunning(_ number: pid_t) -> Bool {
        guard let data = FileManager.default.contents(atPath: "/proc/\(number)/stat") else {
            return false
        }
        let fields = String(decoding: data, as: UTF8.self).split(separator: ")").last
        return fields?.split(separator: " ").first != "Z"
    }
}

/// Small files on the disk worker.
struct FileLookTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func look(_ paths: [String], reads: Bool = true) -> [FileLook.Entry] {
        let look = FileLook(paths, reads: reads)
        look.perform()
        return look.entries
    }

    @Test func aFileIsReadWithItsState() throws {
        let path = folder.path + "/keys"
        try Data("text".utf8).write(to: URL(fileURLWithPath: path))
        _ = unsafe chmod(path, 0o600)
        let entry = try #require(look([path]).first)
        #expect(try entry.content?.get() == Array("text".utf8))
        #expect(entry.state?.byteCount == 4)
        #expect(entry.state?.isReadableByOthers == false)
        #expect(look([path], reads: false).first?.content == nil)
        #expect(look([path], reads: false).first?.state == entry.state)
        for mode in [0o640, 0o604] as [mode_t] {
            _ = unsafe chmod(path, mode)
            #expect(look([path]).first?.state?.isReadableByOthers == true)
        }
    }

    @Test func anotherFileAndAnotherContentHaveAnotherState() throws {
        let path = folder.path + "/keys"
        try Data("one".utf8).write(to: URL(fileURLWithPath: path))
        let first = look([path], reads: false).first?.state
        try Data("three".utf8).write(to: URL(fileURLWithPath: path + ".new"))
        _ = unsafe rename(path + ".new", path)
        #expect(look([path], reads: false).first?.state != first)
    }

    @Test func whatCannotBeReadSaysWhy() throws {
        let path = folder.path + "/none"
        let entry = try #require(look([path]).first)
        #expect(entry.state == nil)
        #expect(
            entry.content
                == .failure(SystemError(call: "open", subject: path, number: ENOENT)))
    }

    @Test func aPipeIsNotOpenedBecauseThatWouldWait() throws {
        let path = folder.path + "/pipe"
        _ = unsafe mkfifo(path, 0o600)
        #expect(
            look([path]).first?.content
                == .failure(SystemError(call: "open", subject: path, number: EINVAL)))
    }

    @Test func aFileThatIsTooLongIsRefused() throws {
        let path = folder.path + "/long"
        try Data(count: FileLook.bytesMax + 1).write(to: URL(fileURLWithPath: path))
        #expect(
            look([path]).first?.content
                == .failure(SystemError(call: "read", subject: path, number: EFBIG)))
    }
}
