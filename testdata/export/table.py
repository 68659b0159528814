"""Writes testdata/golden/table: one table of features and one list of labels in the ways
in which NumPy, pandas, Python's csv and scikit-learn write them.

    features.npy             what every features-* must be read as
    labels.npy               the class numbers of every labels-*, -1 for none: scikit-learn's
                             LabelEncoder; classes.npy its classes, where labels are names
    numbers.npy              the class numbers of every numbers-* (no names)
"""

import csv

import numpy as np
import pandas as pd
import sklearn
from sklearn.preprocessing import LabelEncoder, OneHotEncoder

from gen import GOLDEN, uniform

folder = GOLDEN / "table"
folder.mkdir(exist_ok=True)

X = np.round(uniform("table", 15, 100).astype(np.float64).reshape(5, 3), 4)
X[1] = 1e-7, -2.5e30, 0
np.save(folder / "features.npy", X)
names = ["width", "height of it", 'a "quoted", name']
frame = pd.DataFrame(X, columns=names)

frame.to_csv(folder / "features-pandas.csv")
frame.to_csv(folder / "features-pandas-no-index.csv", index=False)
frame.to_csv(folder / "features-pandas-tabs.tsv", sep="\t")
frame.to_csv(folder / "features-pandas-semicolons.csv", sep=";", index=False)
frame.to_csv(folder / "features-pandas-all-quoted.csv", quoting=csv.QUOTE_ALL)
frame.to_csv(folder / "features-pandas-bom.csv", encoding="utf-8-sig", lineterminator="\r\n")
pd.DataFrame(X).to_csv(folder / "features-pandas-numbers.csv")
pd.DataFrame(X).to_csv(folder / "features-pandas-numbers-no-index.csv", index=False)
pd.DataFrame(X).to_csv(folder / "features-pandas-bare.csv", index=False, header=False)
np.savetxt(folder / "features-savetxt.csv", X)
np.savetxt(folder / "features-savetxt-comma.csv", X, delimiter=",")
np.savetxt(folder / "features-savetxt-header.csv", X, delimiter=",", header="a,b,c")
np.savetxt(folder / "features-savetxt-space.txt", X, delimiter="  ", header="a b c")
with open(folder / "features-csv.csv", "w", newline="") as f:
    csv.writer(f).writerows(X.tolist())
np.save(folder / "features-double.npy", X)
np.save(folder / "features-fortran.npy", np.asfortranarray(X.astype(">f8")))
np.savez(folder / "features-one.npz", anything=X)
np.savez_compressed(folder / "features-compressed.npz", anything=X)

words = ["dog", "cat", "ox, black", "cat", "a \"b\""]
encoder = LabelEncoder().fit(words)
labels = encoder.transform(words)
np.save(folder / "labels.npy", labels)
np.save(folder / "classes.npy", encoder.classes_)
np.save(folder / "labels-text.npy", np.array(words))
np.save(folder / "labels-column.npy", np.array(words)[:, None])
np.savez(folder / "labels-text.npz", y=np.array(words))
series = pd.Series(words, name="label")
series.to_csv(folder / "labels-pandas.csv")
series.to_csv(folder / "labels-pandas-no-index.csv", index=False)
series.to_csv(folder / "labels-pandas-bare.csv", index=False, header=False)
pd.DataFrame({"id": range(5, 10), "label": words}).to_csv(folder / "labels-two-columns.csv", index=False)
pd.get_dummies(series).astype(int).to_csv(folder / "labels-dummies.csv", index=False)
pd.get_dummies(series).astype(int).to_csv(folder / "labels-dummies-index.csv")

np.save(folder / "numbers.npy", labels)
for kind in ("int8", "uint16", "int64", ">i4", "float16", "float32", "float64", ">f8"):
    np.save(folder / f"numbers-{kind.replace('>', 'big-')}.npy", labels.astype(kind))
np.save(folder / "numbers-bool.npy", OneHotEncoder(sparse_output=False).fit_transform(labels[:, None]).astype(bool))
np.save(folder / "numbers-one-hot.npy", OneHotEncoder(sparse_output=False).fit_transform(labels[:, None]))
np.save(folder / "numbers-column.npy", labels[:, None])
np.save(folder / "numbers-row.npy", labels[None, :])
np.savetxt(folder / "numbers-savetxt.csv", labels)
np.savetxt(folder / "numbers-savetxt-whole.csv", labels, fmt="%d")
np.savetxt(folder / "numbers-one-hot.csv", OneHotEncoder(sparse_output=False).fit_transform(labels[:, None]), delimiter=",")
pd.Series(labels).to_csv(folder / "numbers-pandas.csv")
pd.Series(labels, name="y").to_csv(folder / "numbers-pandas-named.csv", index=False)
(folder / "VERSIONS").write_text(f"numpy {np.__version__}\npandas {pd.__version__}\nscikit-learn {sklearn.__version__}\n")
