package metrics
import ("testing";"fmt";"math";"time";"math/rand/v2")
func TestDbg(t *testing.T){
 for _, n := range []int{128,224} {
 im := make([]float32, 3*n*n)
 r := rand.New(rand.NewPCG(1,2))
 for i := range im { im[i]=float32(r.Float64()) }
 for _, kind := range []string{"blob","speckle"} {
 for _, frac := range []float64{.05,.1,.5,.9} {
  known := make([]bool,n*n)
  for p := range known {
   x,y := float64(p%n)/float64(n),float64(p/n)/float64(n)
   v := math.Sin(7*x+1)*math.Cos(5*y)+math.Sin(3*x*y)
   if kind=="speckle" { v = r.Float64() } else { v = (v+2)/4 ; v = (v-.25)/.5}
   known[p] = v < frac
  }
  k:=0; for _,b:=range known { if b {k++} }
  its := 0
  Trace = func(i int, w float64){ its=i; if false {fmt.Print(" ",w)} }
  im2 := newImputer(n,n); out := append([]float32(nil),im...)
  t0:=time.Now()
  if err:=im2.fill(t.Context(),out,im,known); err!=nil{t.Fatal(err)}
  fmt.Println(n,kind,frac,float64(k)/float64(n*n),its,time.Since(t0))
 }}}
}
