import { nn, optim, randn, type Tensor } from '../src/index.ts';
class Net extends nn.Module { fc1=new nn.Linear(10,5); fc2=new nn.Linear(5,1); override forward(x: Tensor): Tensor { return this.fc2(this.fc1(x).relu()); } }
const m=new Net(), c=new nn.MSELoss(), o=new optim.Adam(m.parameters(),{lr:1e-3}); const x=randn([100,10]), y=randn([100,1]);
const step=()=>{o.zeroGrad(); const l=c(m(x),y); l.backward(); o.step();};
let best=1e9;
for(let r=0;r<40;r++){const t=performance.now(); for(let i=0;i<500;i++) step(); best=Math.min(best,(performance.now()-t)/500*1000);} console.log('best',best.toFixed(1),'µs');
