import Bytes
import Foundation
import HTTPS
import Linux
import Testing

extension HTTPSTests {
    @Suite(.serialized) struct ClientTests {
        let server = TestServer.shared

        @Test func thousandRequestsInSequenceLeaveMemoryWhereItWas() throws {
            let bench = try Bench()
            let transfer = try bench.transfer(server.url("good", "echo"))
            var before = 0
            for round in 0..<1_200 {
                let bytes = [UInt8](repeating: UInt8(round & 255), count: 1 + round % 900)
                transfer.post(bytes)
                #expect(try bench.answer(transfer).status == 200)
                #expect(transfer.responseBytes == bytes)
                if round == 199 { before = try residentBytes() }
            }
            let growth = try residentBytes() - before
            #expect(growth < 1_048_576, "resident memory grew by \(growth) bytes")
        }

        @Test func twoTransfersAtOnceEndEachInItsOwnTime() throws {
            let bench = try Bench()
            var settings = server.settings
            settings.allowsPlainLoopback = true
            let slow = try bench.transfer(server.url("good", "drip"), token: 1)
            let quick = try bench.transfer(
                server.url("plain", "echo"), settings: settings, token: 2)
            slow.get()
            quick.post([5])
            try slow.start()
            #expect(try bench.drive { slow.response.count > 0 })
            try quick.start()
            #expect(try bench.drive { !quick.isRunning })
            #expect(bench.finished == [2])
            #expect(quick.responseBytes == [5])
            #expect(slow.isRunning)
            #expect(slow.cancel())
        }

        @Test func manyTransfersAtOnceAllEnd() throws {
            let bench = try Bench()
            let transfers = try (0..<40).map {
                try bench.transfer(server.url("good", "echo"), token: UInt64($0))
            }
            for (index, transfer) in transfers.enumerated() {
                transfer.post([UInt8](repeating: UInt8(index), count: 100))
                try transfer.start()
            }
            #expect(try bench.drive { bench.finished.count == 40 })
            #expect(Set(bench.finished) == Set(0..<40))
            for (index, transfer) in transfers.enumerated() {
                #expect(transfer.responseBytes == [UInt8](repeating: UInt8(index), count: 100))
            }
        }

        @Test func transferCanBeStartedAgainFromTheLoopThatTookIt() throws {
            let bench = try Bench()
            let transfer = try bench.transfer(server.url("good", "count"))
            transfer.get()
            for _ in 0..<5 { _ = try bench.answer(transfer) }
            #expect(transfer.responseText.hasSuffix("request 5"))
        }

        @Test func cancelledTransferHasNoResultAndGoesOnWithTheNextRequest() throws {
            let bench = try Bench()
            let transfer = try bench.transfer(server.url("good", "drip"))
            transfer.get()
            #expect(!transfer.cancel())
            try transfer.start()
            #expect(!transfer.cancel(), "nothing was sent yet")
            try transfer.start()
            #expect(try bench.drive { transfer.response.count > 0 })
            #expect(transfer.cancel(), "the request was sent")
            #expect(transfer.result == nil)
            #expect(bench.finished == [])
            try transfer.setURL(server.url("good", "count"))
            #expect(try bench.answer(transfer).status == 200)
            #expect(transfer.responseText.hasSuffix("request 1"))
        }

        @Test func transferLetGoWhileItRunsIsCancelled() throws {
            let bench = try Bench()
            do {
                let transfer = try bench.transfer(server.url("good", "drip"))
                transfer.get()
                try transfer.start()
                #expect(try bench.drive { transfer.response.count > 0 })
            }
            let next = try bench.transfer(server.url("good", "echo"), token: 3)
            #expect(try bench.answer(next).status == 200)
            #expect(bench.finished == [3])
        }

        @Test func clientLetGoFirstLivesAsLongAsItsTransfers() throws {
            var client: HTTPSClient? = try HTTPSClient()
            weak let observed = client
            var transfer: HTTPSTransfer? = try client.map {
                try HTTPSTransfer(
                    on: $0, to: server.url("good", "stall"), settings: server.settings,
                    limits: HTTPSLimits(bodyBytes: 1, responseBytes: 1))
            }
            try transfer?.start()
            client = nil
            #expect(observed != nil)
            #expect(transfer?.isRunning == true)
            transfer = nil
            #expect(observed == nil)
        }

        @Test func transferThatEndedAndIsLetGoIsNotHandedOver() throws {
            let client = try HTTPSClient()
            var poller = try Poller()
            try poller.set(client.number, token: 1, readable: true, writable: false)
            do {
                let transfer = try HTTPSTransfer(
                    on: client, to: "https://127.0.0.1:1/", settings: server.settings,
                    limits: HTTPSLimits(bodyBytes: 1, responseBytes: 1))
                try transfer.start()
                // Refused at once: a few rounds of the loop, without taking what has ended.
                for _ in 0..<5 {
                    try poller.wait(timeoutNanoseconds: 20_000_000) { _ in }
                    try client.progress()
                }
                #expect(transfer.isRunning)
            }
            #expect(client.nextFinished() == nil)
        }

        @Test func idleClientIsNotReadable() throws {
            let bench = try Bench()
            let transfer = try bench.transfer(server.url("good", "echo"))
            _ = try bench.answer(transfer)
            var poller = try Poller()
            try poller.set(bench.client.number, token: 1, readable: true, writable: false)
            var wakeUps = 0
            for _ in 0..<3 {
                try poller.wait(timeoutNanoseconds: 10_000_000) { _ in wakeUps += 1 }
                try bench.client.progress()
            }
            #expect(wakeUps <= 1, "a loop that turns without work costs a battery")
        }

        @Test func startOfARunningTransferIsABugOfOurOwn() async {
            await #expect(processExitsWith: .failure) {
                let bench = try Bench()
                let transfer = try bench.transfer("https://127.0.0.1:1/")
                try transfer.start()
                try transfer.start()
            }
        }

        @Test func changeOfARunningTransferIsABugOfOurOwn() async {
            await #expect(processExitsWith: .failure) {
                let bench = try Bench()
                let transfer = try bench.transfer("https://127.0.0.1:1/")
                try transfer.start()
                transfer.prepare { $0.body.removeAll() }
            }
        }

        @Test func bodyThatDidNotFitIsNeverSent() async {
            await #expect(processExitsWith: .failure) {
                let bench = try Bench()
                let transfer = try bench.transfer("https://127.0.0.1:1/")
                transfer.prepare { request in
                    for _ in 0...1_000 { request.body.append(1) }
                }
                try transfer.start()
            }
        }

        /// Resident memory of this process (proc_pid_statm(5)), bytes.
        private func residentBytes() throws -> Int {
            let text = try String(contentsOfFile: "/proc/self/statm", encoding: .utf8)
            return try #require(text.split(separator: " ").dropFirst().first.flatMap { Int($0) })
                * Int(sysconf(Int32(_SC_PAGESIZE)))
        }
    }
}
