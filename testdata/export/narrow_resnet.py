"""ResNet18 of any base width, with torchvision's blocks, names and initialisation."""

import torch
from torch import nn
from torchvision.models.resnet import BasicBlock, conv1x1


class NarrowResNet18(nn.Module):
    """torchvision's resnet18 with widths w, 2w, 4w, 8w.

    stem "7x7" is torchvision's own (7x7, stride 2, no bias); stem "3x3" is the one that is
    usual for 32x32 images (3x3, stride 1, with a bias). The max pool is kept in both.
    """

    def __init__(self, width, classes, stem="7x7"):
        super().__init__()
        if stem == "7x7":
            self.conv1 = nn.Conv2d(3, width, 7, stride=2, padding=3, bias=False)
        else:
            self.conv1 = nn.Conv2d(3, width, 3, stride=1, padding=1, bias=True)
        self.bn1 = nn.BatchNorm2d(width)
        self.relu = nn.ReLU(inplace=True)
        self.maxpool = nn.MaxPool2d(3, stride=2, padding=1)
        planes = width
        for stage in range(4):
            out, stride = width << stage, 1 if stage == 0 else 2
            down = None
            if stride != 1 or planes != out:
                down = nn.Sequential(conv1x1(planes, out, stride), nn.BatchNorm2d(out))
            layer = nn.Sequential(BasicBlock(planes, out, stride, down), BasicBlock(out, out))
            setattr(self, f"layer{stage + 1}", layer)
            planes = out
        self.avgpool = nn.AdaptiveAvgPool2d((1, 1))
        self.fc = nn.Linear(planes, classes)
        for m in self.modules():
            if isinstance(m, nn.Conv2d):
                nn.init.kaiming_normal_(m.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, x):
        x = self.maxpool(self.relu(self.bn1(self.conv1(x))))
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return self.fc(torch.flatten(self.avgpool(x), 1))
