package arch
import ("testing";"os";"context";"github.com/glimpse-go/glimpse/nn";"github.com/glimpse-go/glimpse/nn/checkpoint")
func BenchmarkProf(b *testing.B){
 for _,n:=range []string{"mobilenet_v2","efficientnet_b0","convnext_tiny","resnet50","densenet121","vgg16"} { b.Run(n,func(b *testing.B){
 sd,err:=checkpoint.Load(context.Background(),"/tmp/w/prof/"+n+".safetensors"); if err!=nil{b.Fatal(err)}
 g,err:=Build(sd,nil); if err!=nil{b.Fatal(err)}
 p,_:=nn.Compile(g)
 x:=zeros(1,3,224,224); for i:=range x.Data{x.Data[i]=float32(i%97)/97}
 grad:=os.Getenv("GRAD")
 for b.Loop(){ if grad!="" { _,err=p.Gradients(context.Background(),x,nn.GradientOptions{},grad) } else {_,err=p.Run(context.Background(),x)}; if err!=nil{b.Fatal(err)}}})}
}
