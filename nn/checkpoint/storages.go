package checkpoint

import (
	"cmp"
	"fmt"
	"hash/crc32"
	"io"

	"github.com/glimpse-go/glimpse/internal/budget"
	"github.com/glimpse-go/glimpse/internal/parallel"
)

// bookedAlloc is alloc, booked to b.
func bookedAlloc(b *budget.Budget, n int) ([]byte, error) {
	if err := b.Take(n); err != nil {
		return nil, err
	}
	return alloc(n), nil
}

// readAt fills p from offset off of r.
func readAt(r io.ReaderAt, p []byte, off int64) error {
	n, err := r.ReadAt(p, off)
	if n == len(p) {
		return nil
	}
	if err == nil || err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return fmt.Errorf("offset %d: expected %d bytes, found %d: %w", off, len(p), n, err)
}

// chunk is what one read takes: large enough to be cheap, small enough that
// the data is still in the cache when its checksum is computed.
const chunk = 256 << 10

// readParallel is readAt over several goroutines. Of several errors it returns
// that of the lowest offset.
func readParallel(r io.ReaderAt, p []byte, off int64) error {
	const grain = 4 * chunk
	errs := make([]error, (len(p)+grain-1)/grain)
	parallel.For(len(p), grain, func(lo, hi int) {
		errs[lo/grain] = readAt(r, p[lo:hi], off+int64(lo))
	})
	return cmp.Or(errs...)
}

// A record is a named run of bytes of the file, as they are.
type record struct {
	name      string
	off, size int64
	crc       uint32 // CRC-32 (IEEE) of the bytes; 0 where there is none
}

// read fills p, of the record's size, and checks the checksum.
func (rec record) read(r io.ReaderAt, p []byte) error {
	var sum uint32
	for lo := 0; lo < len(p); lo += chunk {
		part := p[lo:min(lo+chunk, len(p))]
		if err := readAt(r, part, rec.off+int64(lo)); err != nil {
			return fmt.Errorf("record %s: %w", quote(rec.name), err)
		}
		if rec.crc != 0 {
			sum = crc32.Update(sum, crc32.IEEETable, part)
		}
	}
	return rec.checkSum(sum)
}

// verify is read that keeps nothing.
func (rec record) verify(r io.ReaderAt) error {
	if rec.crc == 0 {
		return nil
	}
	sum := crc32.NewIEEE()
	if _, err := io.Copy(sum, io.NewSectionReader(r, rec.off, rec.size)); err != nil {
		return fmt.Errorf("record %s: %w", quote(rec.name), err)
	}
	return rec.checkSum(sum.Sum32())
}

func (rec record) checkSum(sum uint32) error {
	if rec.crc != 0 && sum != rec.crc {
		return fmt.Errorf("record %s at offset %d: its %d bytes have the checksum %08x, expected %08x: the file is damaged",
			quote(rec.name), rec.off, rec.size, sum, rec.crc)
	}
	return nil
}

// A read is a storage that lies in a record.
type read struct {
	*storage
	record
}

// readStorages reads the storages that are needed, straight into the memory
// that their tensors will have.
func readStorages(r io.ReaderAt, reads []read, b *budget.Budget) error {
	for _, x := range reads {
		var err error
		if x.data, err = bookedAlloc(b, x.storage.size); err != nil {
			return fmt.Errorf("record %s: %w", quote(x.name), err)
		}
	}
	errs := make([]error, len(reads))
	parallel.For(len(reads), 1, func(lo, hi int) {
		for i := lo; i < hi; i++ {
			errs[i] = reads[i].record.read(r, reads[i].data)
		}
	})
	for _, err := range errs { // the first one is enough
		if err != nil {
			return err
		}
	}
	return nil
}
