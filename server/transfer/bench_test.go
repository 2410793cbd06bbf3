package transfer_test

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/transfer"
)

// benchRows are the rows of the files that benchmarks import and export.
const benchRows = 10_000

func manyRows(n int) string {
	var b strings.Builder
	b.WriteString("title,description,address,primaryEmail,primaryPhone,accountType,value,custom.dropdown_false,custom.numeric_false\r\n")
	for i := range n {
		fmt.Fprintf(&b, "Customer %d,\"A \"\"good\"\" one,\r\nsince %d\",\"%d Main Street, Springfield\",c%d@example.com,(415) 555-%04d,COMMERCIAL,%d.25,gold,%d.10\r\n", i, i, i, i, i%10000, i, i)
	}
	return b.String()
}

// BenchmarkTransfer tells the rows per second of an import that creates, of
// exports, and of imports that change nothing.
func BenchmarkTransfer(b *testing.B) {
	csv := manyRows(benchRows)
	for b.Loop() {
		b.StopTimer()
		f := newFixture(b)
		b.StartTimer()
		report := func(what string, work func()) {
			begin := b.Elapsed()
			work()
			b.ReportMetric(benchRows/(b.Elapsed()-begin).Seconds(), what+"/s")
		}
		report("create", func() { wantCounts(b, f.importText(b, "new.csv", csv, transfer.Options{}), benchRows, 0, 0, 0) })
		for _, format := range []transfer.Format{transfer.CSV, transfer.NDJSON} {
			var text string
			report("export-"+string(format), func() { text = f.export(b, format) })
			report("same-"+string(format), func() {
				wantCounts(b, f.importText(b, "same."+string(format), text, transfer.Options{MatchBy: account.MatchID}), 0, 0, benchRows, 0)
			})
		}
	}
}

// BenchmarkMemory tells the most memory that was in use while files of several
// sizes were imported, which must not grow with the file.
func BenchmarkMemory(b *testing.B) {
	for _, rows := range []int{4_000, 20_000, 100_000} {
		b.Run(fmt.Sprint(rows), func(b *testing.B) {
			f := newFixture(b)
			path := f.write(b, "rows.csv", manyRows(rows))
			for b.Loop() {
				most := uint64(0)
				sample := func(int64, int64) {
					var stats runtime.MemStats
					runtime.ReadMemStats(&stats)
					most = max(most, stats.HeapAlloc)
				}
				if _, err := f.importFile(b.Context(), b, path, transfer.Options{MatchBy: account.MatchNone, Progress: sample}); err != nil {
					b.Fatal(err)
				}
				b.ReportMetric(float64(most)/(1<<20), "MiB")
			}
		})
	}
}
