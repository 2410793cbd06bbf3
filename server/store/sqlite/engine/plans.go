package engine

import (
	"sync"
	"unsafe"

	"modernc.org/libc"
	lib "modernc.org/sqlite/lib"
)

// keepPlans makes connections to come keep the plan of a statement whatever it
// is run with. SQLite would prepare it anew whenever another value is bound to a
// LIMIT, or is compared with a column that no index leads to: with each run.
var keepPlans = sync.OnceFunc(func() {
	tls := libc.NewTLS()
	defer tls.Close()
	keep := keepPlansOf
	lib.Xsqlite3_auto_extension(tls, *(*uintptr)(unsafe.Pointer(&keep)))
})

// keepPlansOf is called by SQLite for each connection that it opens.
func keepPlansOf(tls *libc.TLS, conn, _, _ uintptr) int32 {
	args := libc.NewVaList(int32(1), uintptr(0))
	defer libc.Xfree(tls, args)
	return lib.Xsqlite3_db_config(tls, conn, lib.SQLITE_DBCONFIG_ENABLE_QPSG, args)
}
