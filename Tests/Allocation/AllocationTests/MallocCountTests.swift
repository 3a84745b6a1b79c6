import CMallocCount
import Glibc
import XCTest

/// The counter that the allocation tests believe counts what they think.
@safe
final class MallocCountTests: XCTestCase {
    private typealias Allocate =
        @convention(c) (Int, UnsafePointer<CChar>?, Int32) -> UnsafeMutableRawPointer?

    /// A block that is kept here for a moment is not optimized away.
    private var block: UnsafeMutableRawPointer?

    /// Blocks that `body` takes from the heap.
    private func taken(by body: () -> Void) -> UInt64 {
        pulsegate_malloc_reset()
        pulsegate_malloc_stage(0)
        body()
        pulsegate_malloc_stage(-1)
        return pulsegate_malloc_taken(0)
    }

    private func keep(_ new: UnsafeMutableRawPointer?) {
        unsafe block = new
        unsafe free(block)
    }

    func testEveryFunctionOfTheFamilyIsCounted() {
        XCTAssertEqual(taken { unsafe keep(malloc(10)) }, 1)
        XCTAssertEqual(taken { unsafe keep(calloc(3, 100)) }, 1)
        unsafe block = malloc(10)
        XCTAssertEqual(taken { unsafe keep(realloc(block, 100_000)) }, 1)
        XCTAssertEqual(taken { unsafe keep(aligned_alloc(64, 128)) }, 1)
        XCTAssertEqual(
            taken {
                XCTAssertEqual(unsafe posix_memalign(&block, 64, 128), 0)
                unsafe keep(block)
            }, 1)
    }

    func testBlocksGivenBackAreCounted() {
        XCTAssertEqual(taken { unsafe keep(malloc(10)) }, 1)
        XCTAssertEqual(pulsegate_malloc_freed(0), 1)
        XCTAssertEqual(taken { unsafe keep(nil) }, 0)
        XCTAssertEqual(pulsegate_malloc_freed(0), 0)
    }

    func testArraysOfSwiftAreCounted() {
        var numbers = [1]
        let count = taken { for number in 2...1_000 { numbers.append(number) } }
        XCTAssertGreaterThan(count, 3)
        XCTAssertLessThan(count, 30)
        XCTAssertEqual(numbers.count, 1_000)
    }

    func testLibcryptoIsCounted() throws {
        let symbol = try unsafe XCTUnwrap(unsafe dlsym(dlopen(nil, RTLD_NOW), "CRYPTO_malloc"))
        let allocate = unsafe unsafeBitCast(symbol, to: Allocate.self)
        XCTAssertEqual(taken { unsafe keep(allocate(100, nil, 0)) }, 1)
    }

    func testNothingIsCountedOutsideOfAStage() {
        pulsegate_malloc_reset()
        unsafe keep(malloc(10))
        XCTAssertEqual(pulsegate_malloc_taken(0), 0)
    }

    func testOtherThreadsAreNotCounted() throws {
        var thread = pthread_t()
        let context = unsafe Unmanaged.passUnretained(self).toOpaque()
        let result = unsafe pthread_create(
            &thread, nil,
            { context in
                guard let context = unsafe context else { return nil }
                let test = unsafe Unmanaged<MallocCountTests>.fromOpaque(context)
                for size in 1...100 { unsafe test.takeUnretainedValue().keep(malloc(size)) }
                return nil
            }, context)
        XCTAssertEqual(result, 0)
        let count = taken { pthread_join(thread, nil) }
        XCTAssertEqual(count, 0)
    }
}
