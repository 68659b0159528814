package metrics
import ("testing";"math";"math/rand/v2")
func BenchmarkImpute(b *testing.B){
 n := 128
 im := make([]float32, 3*n*n)
 r := rand.New(rand.NewPCG(1,2))
 for i := range im { im[i]=float32(r.Float64()) }
  known := make([]bool,n*n)
  for p := range known {
   x,y := float64(p%n)/float64(n),float64(p/n)/float64(n)
   v := math.Sin(7*x+1)*math.Cos(5*y)+math.Sin(3*x*y)
   v = (v+2)/4 ; v = (v-.25)/.5
   known[p] = v < .1
  }
  im2 := newImputer(n,n); out := append([]float32(nil),im...)
  for b.Loop() { copy(out,im); im2.fill(b.Context(),out,im,known) }
}
